// Light, dark, or as the system says. The choice is kept in this browser.

export type Theme = 'auto' | 'light' | 'dark';

const KEEP = 'tarn-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function kept(): Theme {
  const text = localStorage.getItem(KEEP);
  return text === 'light' || text === 'dark' ? text : 'auto';
}

/** `chosen` is what the viewer asked for, `shown` what that means now. */
export const theme = $state<{ chosen: Theme; shown: 'light' | 'dark' }>({ chosen: kept(), shown: 'light' });

function show(): void {
  theme.shown = theme.chosen === 'auto' ? (system.matches ? 'dark' : 'light') : theme.chosen;
  document.documentElement.dataset['theme'] = theme.shown;
}

/** Takes a new choice. */
export function setTheme(choice: Theme): void {
  theme.chosen = choice;
  if (choice === 'auto') localStorage.removeItem(KEEP);
  else localStorage.setItem(KEEP, choice);
  show();
}

system.addEventListener('change', show);
show();
