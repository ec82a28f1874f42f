// Where we are: the path names the screen, the query holds what was chosen, so every view has a link.
//
// `/console/` Overview · `/console/dashboards` the list · `/console/dashboards/{id}` one of them.

const BASE = import.meta.env.BASE_URL;

/** The current place. */
export const route = $state(read());

function read(): { path: string[]; query: Record<string, string> } {
  const rest = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : '';
  return {
    path: rest.split('/').filter((part) => part !== '').map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(location.search)),
  };
}

function settle(): void {
  const now = read();
  route.path = now.path;
  route.query = now.query;
}

/** The address of a screen; keeps the chosen store, drops other choices. */
export function href(...path: string[]): string {
  const store = route.query['store'];
  const query = store ? `?${new URLSearchParams({ store })}` : '';
  return BASE + path.map(encodeURIComponent).join('/') + query;
}

/** Changes what was chosen on this screen; null removes a choice. */
export function choose(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.pushState(null, '', location.pathname + (text ? `?${text}` : ''));
  settle();
}

/** Follows links inside the console without loading the page again. */
export function listen(): void {
  addEventListener('popstate', settle);
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(BASE) || link.hash) return;
    event.preventDefault();
    if (link.href !== location.href) history.pushState(null, '', link.href);
    settle();
    scrollTo(0, 0);
    // A new screen starts at its heading, for those who hear the page.
    queueMicrotask(() => document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true }));
  });
}
