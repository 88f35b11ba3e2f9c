// One file on its way to the server. fetch tells nobody how far it is, so this is the older way to send.
import { ApiError } from "./api";

export interface Upload<T> {
  done: Promise<T>;
  stop: () => void;
}

export interface UploadOptions {
  url: string;
  file: File;
  token?: string | undefined; // a bearer token; without it the cookie of a same-origin session goes along
  progress: (part: number) => void; // 0 to 1
}

export function upload<T>({ url, file, token, progress }: UploadOptions): Upload<T> {
  const x = new XMLHttpRequest();
  const done = new Promise<T>((resolve, reject) => {
    x.open("POST", url);
    x.responseType = "text";
    x.setRequestHeader("Accept", "application/json");
    if (token) x.setRequestHeader("Authorization", `Bearer ${token}`);
    x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
    x.onload = () => {
      const answer = json(x.responseText);
      if (x.status === 201) return resolve(answer as T);
      const p = answer as Record<string, string> | undefined;
      reject(
        new ApiError({
          code: p?.code ?? (x.status === 413 ? "file_too_large" : x.status === 401 ? "session_ended" : "internal"),
          detail: p?.detail ?? "",
          requestId: p?.request_id ?? "",
          status: x.status,
          retryAfterSeconds: Number(x.getResponseHeader("Retry-After")) || 0,
        }),
      );
    };
    x.onerror = x.ontimeout = () => reject(new ApiError({ code: "offline" }));
    x.onabort = () => reject(new ApiError({ code: "aborted" }));
    const form = new FormData();
    form.append("file", file, file.name || "file");
    x.send(form);
  });
  return { done, stop: () => x.abort() };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
