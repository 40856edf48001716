interface Problem {
  status: number;
  detail: string;
  fields?: Record<string, string>;
  [member: string]: unknown;
}

/** A refusal by the management API, as RFC 9457 describes it. */
export class ApiProblem extends Error {
  readonly status: number;
  /** One sentence for each field that needs attention. */
  readonly fields: Record<string, string>;
  /** What the problem says besides. */
  readonly data: Record<string, unknown>;

  constructor({ status, detail, fields = {}, ...data }: Problem) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.fields = fields;
    this.data = data;
  }

  /** Nothing was answered. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }

  get hasFields(): boolean {
    return Object.keys(this.fields).length > 0;
  }
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const { status } = response;
  try {
    return new ApiProblem({ ...(await response.json()), status });
  } catch {
    return new ApiProblem({ status, detail: `The server answered ${status} and gave no reason` });
  }
}
