import { Fault } from "@gatehouse/faults";

export interface DecodedFile {
  bytes: Buffer<ArrayBuffer>;
  /** Without one, what it is was not said. */
  mediaType: string | undefined;
  name: string | undefined;
}

const DATA_URI = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,([\s\S]*)$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Base64, or a `data:` URI (RFC 2397) that may say `;name=`. Throws `invalid_params` for anything else. */
export function decodeFile(argument: string, value: unknown): DecodedFile {
  const text = typeof value === "string" ? value : "";
  const [, mediaType, parameters = "", isBase64, data] = DATA_URI.exec(text) ?? [];
  if (data === undefined) return { bytes: fromBase64(argument, text), mediaType: undefined, name: undefined };
  const name = /;name=([^;,]*)/i.exec(parameters)?.[1];
  const bytes = isBase64 ? fromBase64(argument, data) : Buffer.from(percentDecoded(argument, data));
  return { bytes, mediaType, name: name === undefined ? undefined : percentDecoded(argument, name) };
}

function fromBase64(argument: string, text: string): Buffer<ArrayBuffer> {
  const dense = text.replace(/\s+/g, "");
  if (BASE64.test(dense)) return Buffer.from(dense, "base64");
  throw new Fault("invalid_params", `The argument ${argument} is a file: give it as base64, or as a data: URI`);
}

function percentDecoded(argument: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Fault("invalid_params", `The argument ${argument} is no valid data: URI`);
  }
}
