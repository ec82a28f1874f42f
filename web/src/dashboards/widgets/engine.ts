// Vega-Lite, loaded only when a picture needs it, run by its interpreter so that no text is ever compiled to code:
// the content policy forbids that. Data never comes from an address: the loader refuses.

import { parse, View, type Config, type Spec } from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { compile, type TopLevelSpec } from 'vega-lite';

const refuse = () => Promise.reject(new Error('pictures load nothing from addresses'));
const loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

/** Draws a specification into a host element and gives the running view. */
export async function draw(host: HTMLElement, spec: TopLevelSpec, config: Config): Promise<View> {
  const compiled = compile(spec, { config: config as never }).spec as Spec;
  const view = new View(parse(compiled, undefined, { ast: true }), {
    // The typings lag behind: the option is documented with the interpreter.
    ...({ expr: expressionInterpreter } as object),
    loader: loader as never,
    renderer: 'svg',
    container: host,
    hover: false,
  });
  await view.runAsync();
  return view;
}
