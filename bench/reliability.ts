import { writePart as write } from "./docs.ts";

/** Several runs make this page. */
export const writePart = (heading: string, text: string) => write("reliability", heading, text);
