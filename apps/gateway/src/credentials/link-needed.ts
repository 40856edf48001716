import { Fault } from "@gatehouse/faults";

/** The member has to link an account before this connector works for them, or to link it anew. */
export class LinkNeeded extends Fault {
  /** Where they do so. */
  readonly url: string;

  constructor(detail: string, url: string) {
    super("upstream_failed", `${detail} Open ${url}`, { data: { url } });
    this.url = url;
  }
}
