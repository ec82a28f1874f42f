// The one file that talks to the API. Everything the console knows about Tarn's HTTP shapes is here;
// they are described in `web/README.md`.
//
// Always true:
// - the cookie set by signing in is the only secret, and this file never sees it;
// - a call that fails throws an `ApiError` with a sentence fit to show.

/** Told to the window when the server no longer knows the session behind the cookie. */
export const SIGNED_OUT = 'tarn-signed-out';

/** Who is signed in. */
export interface Session {
  key_id: string;
  role: string;
}

/** One data store. */
export interface Store {
  datastore_id: string;
  name: string;
  status: string;
  endpoint: string;
  created: string;
  resources: number;
  commit: number;
}

/** An import under way, or the last one. */
export interface ImportState {
  job: string;
  phase: string;
  files_done: number;
  files_total: number;
  bytes_done: number;
  bytes_total: number;
  resources: number;
  rejected: number;
  per_second: number;
  error_file: string | null;
  error: string | null;
}

/** Everything the Overview shows of one store. */
export interface Overview {
  commit: number;
  reflected_commit: number;
  time: string;
  types: { type: string; count: number }[];
  river: {
    files: { count: number; bytes: number; rejected: number };
    resources: { count: number; versions: number };
    tables: { count: number; rows: number; bytes: number };
    notes: { documents: number; on: boolean; read: number; waiting: number; failed: number; findings: number };
    pictures: { dashboards: number };
  };
  import: ImportState | null;
  endpoints: { fhir: string; sql: string };
  keys_hint: string;
}

/** One dashboard in the list. */
export interface DashboardName {
  id: string;
  title: string;
  description: string;
}

/** What a viewer may choose. */
export interface Parameter {
  name: string;
  kind: 'date_range' | 'text' | 'choice';
  title: string;
  options?: string[];
  bounds?: { dataset: string; from: string; to: string };
}

/** One picture: which rows, and which column plays which part. */
export interface Widget {
  id: string;
  kind: string;
  title: string;
  subtitle?: string;
  finding?: string;
  dataset: string;
  encode: Encode;
  select?: { parameter: string; field?: string };
  controls?: string[];
  place: { x: number; y: number; w: number; h: number };
  /** Kind `vega` only: a Vega-Lite specification without data. */
  spec?: Record<string, unknown>;
  /** Kind `vega` only: pixels, 280 unless given. */
  height?: number;
}

/** Columns by the part they play. */
export interface Encode {
  x?: string;
  y?: string;
  color?: string;
  label?: string;
  grain?: string;
  /** What is counted, in words. */
  word?: string;
  of?: string | { dataset: string; field: string; word?: string };
}

/** A dashboard as the server tells it: everything but the SQL. */
export interface Dashboard {
  id: string;
  title: string;
  description: string;
  parameters: Parameter[];
  datasets: Record<string, { parameters: string[] }>;
  tabs: { id: string; title: string; widgets: Widget[] }[];
}

/** A cell as JSON carries it. */
export type Cell = string | number | boolean | null;

/** Rows with named, typed columns. */
export interface Rows {
  columns: { name: string; type: 'number' | 'text' | 'time' | 'boolean' }[];
  rows: Cell[][];
  truncated?: boolean;
}

/** The answer for a dashboard: each data set has rows or an error. */
export interface DashboardData {
  commit: number;
  datasets: Record<string, Rows>;
  errors: Record<string, string>;
}

/** Chosen values by parameter name. */
export type Choices = Record<string, string | { from: string | null; to: string | null } | null>;

/** Why a call failed, in words fit to show. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    message: string,
    readonly hint: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }
}

/** The session behind the cookie, or null when there is none. */
export async function session(): Promise<Session | null> {
  try {
    return await call<Session>('GET', '/api/session');
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Trades a one-time token, or a key, for the session cookie. */
export function signIn(proof: { token: string } | { key_id: string; secret: string }): Promise<Session> {
  return call('POST', '/api/session', proof);
}

/** Ends the session. */
export async function signOut(): Promise<void> {
  await call('DELETE', '/api/session');
}

/** All data stores this session may see. */
export function stores(): Promise<Store[]> {
  return call('GET', '/api/stores');
}

/** The state of one store now. */
export function overview(store: string, signal?: AbortSignal): Promise<Overview> {
  return call('GET', `/api/stores/${encodeURIComponent(store)}/overview`, undefined, signal);
}

/**
 * Follows the state of one store until the returned function is called. The browser reconnects by itself;
 * `connected` is told each time the line comes up or goes down.
 */
export function watch(
  store: string,
  seen: (overview: Overview) => void,
  connected: (up: boolean, closed: boolean) => void,
): () => void {
  const source = new EventSource(`/api/stores/${encodeURIComponent(store)}/events`);
  source.addEventListener('open', () => connected(true, false));
  source.addEventListener('error', () => connected(false, source.readyState === EventSource.CLOSED));
  source.addEventListener('overview', (event) => seen(JSON.parse((event as MessageEvent<string>).data) as Overview));
  return () => source.close();
}

/** All dashboards. */
export function dashboards(): Promise<DashboardName[]> {
  return call('GET', '/api/dashboards');
}

/** One dashboard's definition. */
export function dashboard(id: string): Promise<Dashboard> {
  return call('GET', `/api/dashboards/${encodeURIComponent(id)}`);
}

/** The rows behind a dashboard's pictures. */
export function dashboardData(
  store: string,
  id: string,
  parameters: Choices,
  datasets?: string[],
  signal?: AbortSignal,
): Promise<DashboardData> {
  const body = datasets ? { parameters, datasets } : { parameters };
  return call('POST', `/api/stores/${encodeURIComponent(store)}/dashboards/${encodeURIComponent(id)}/data`, body, signal);
}

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const request: RequestInit = { method, headers: { accept: 'application/json' }, credentials: 'same-origin' };
  if (body !== undefined) {
    request.headers = { accept: 'application/json', 'content-type': 'application/json' };
    request.body = JSON.stringify(body);
  }
  if (signal) request.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(path, request);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'The server cannot be reached.', 'Is `tarn serve` still running?');
  }
  const text = await answer.text();
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  if (answer.status === 401 && path !== '/api/session') dispatchEvent(new Event(SIGNED_OUT));
  throw failure(answer, text);
}

function failure(answer: Response, text: string): ApiError {
  const requestId = answer.headers.get('x-request-id');
  try {
    const error = (JSON.parse(text) as { error?: { message?: string; hint?: string; request_id?: string } }).error;
    if (error?.message) {
      return new ApiError(answer.status, sentence(error.message), error.hint ?? null, error.request_id ?? requestId);
    }
  } catch {
    // Not JSON: the status has to do.
  }
  return new ApiError(answer.status, `The server answered ${answer.status}.`, null, requestId);
}

/** Messages come lower case and without a stop; shown alone they are sentences. */
function sentence(message: string): string {
  const upper = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
