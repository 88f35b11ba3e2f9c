// One way to call our HTTP API. Whatever goes wrong arrives as an ApiError: the problem+json of the server, an answer that
// is none of ours, or no answer at all.

export interface Problem {
  code: string;
  detail: string;
  requestId: string;
  status: number; // 0 when nothing answered
  retryAfterSeconds: number;
}

export class ApiError extends Error implements Problem {
  code: string;
  detail: string;
  requestId: string;
  status: number;
  retryAfterSeconds: number;

  constructor(p: Partial<Problem> & { code: string }) {
    super(p.code);
    this.name = "ApiError";
    this.code = p.code;
    this.detail = p.detail ?? "";
    this.requestId = p.requestId ?? "";
    this.status = p.status ?? 0;
    this.retryAfterSeconds = p.retryAfterSeconds ?? 0;
  }

  // worthRetrying says whether the same call may succeed later without anybody changing it.
  get worthRetrying(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  keepalive?: boolean; // the call outlives the page
}

export interface ClientOptions {
  base: string;
  token?: () => string | undefined; // a bearer token; without it the call carries the cookie of a same-origin session
  timeoutMs?: number;
  send?: typeof fetch;
  onAnswer?: (answer: Response) => void;
}

export type Client = <T>(method: string, path: string, body?: unknown, options?: CallOptions) => Promise<T>;

export function client({ base, token, timeoutMs = 20_000, send, onAnswer }: ClientOptions): Client {
  return async <T>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> => {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const bearer = token?.();
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    const limit = new AbortController();
    const abort = () => limit.abort();
    const timer = setTimeout(abort, timeoutMs);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort);
    try {
      const answer = await (send ?? fetch)(base + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: token ? "omit" : "same-origin",
        cache: "no-store",
        keepalive: options.keepalive ?? false,
        signal: limit.signal,
      });
      onAnswer?.(answer);
      return (await readAnswer(answer)) as T;
    } catch (failure) {
      if (failure instanceof ApiError) throw failure;
      throw new ApiError({ code: options.signal?.aborted ? "aborted" : "offline" });
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    }
  };
}

// readAnswer gives the JSON of a good answer and throws an ApiError for any other.
export async function readAnswer(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined;
  const json = /\bjson\b/.test(answer.headers.get("Content-Type") ?? "");
  if (answer.ok && json) return answer.json();
  const problem = json ? ((await answer.json().catch(() => ({}))) as Record<string, unknown>) : {};
  throw new ApiError({
    // A page that answers with HTML is not our server: a proxy's error page, or a wrong address.
    code: text(problem.code) || text((problem.errors as Record<string, unknown>[] | undefined)?.[0]?.code) || (answer.ok ? "not_ours" : answer.status === 401 ? "session_ended" : "internal"),
    detail: text(problem.detail) || text(problem.title),
    requestId: text(problem.request_id) || answer.headers.get("X-Request-Id") || "",
    status: answer.ok ? 502 : answer.status,
    retryAfterSeconds: Number(answer.headers.get("Retry-After")) || 0,
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
