/** How a tool's arguments become an HTTP request. Made from a description once; a call needs nothing else. */
export interface Binding {
  method: Method;
  /** Of OpenAPI: `/pets/{petId}`, below the connector's URL. */
  path: string;
  parameters: ParameterBinding[];
  body: BodyBinding | null;
  /** What the description says that it answers with: a media type, or several. */
  accept: string;
}

export const METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"] as const;
export type Method = (typeof METHODS)[number];

export type ParameterStyle =
  | "simple"
  | "label"
  | "matrix"
  | "form"
  | "spaceDelimited"
  | "pipeDelimited"
  | "deepObject"
  /** `content` instead of `schema` (OpenAPI 3.1 §4.8.12.4). */
  | "json";

export interface ParameterBinding {
  /** The member of the tool's arguments. */
  argument: string;
  /** What the API calls it. */
  name: string;
  in: "path" | "query" | "header" | "cookie";
  style: ParameterStyle;
  explode: boolean;
}

export interface BodyBinding {
  /** `application/json`, `application/x-www-form-urlencoded`, `multipart/form-data`, or any other. */
  contentType: string;
  required: boolean;
  /** The argument that is the whole body; without one, `members` are put together. */
  argument?: string;
  members?: MemberBinding[];
}

export interface MemberBinding {
  argument: string;
  name: string;
  /** A file: base64 or a data URI (RFC 2397) as argument, bytes on the way out. */
  file?: true;
  /** Of a form: how lists and objects are written. */
  style?: ParameterStyle;
  explode?: boolean;
  /** Of a part of `multipart/form-data`. */
  contentType?: string;
}
