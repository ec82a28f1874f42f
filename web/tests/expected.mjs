// What the console has to show for a folder of NDJSON, computed from the files alone: no SQL, no part of Tarn.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** All resources of a folder by type. */
export function read(folder) {
  const types = new Map();
  let files = 0;
  for (const name of readdirSync(folder).sort()) {
    if (!/\.ndjson(\.gz)?$/.test(name)) continue;
    files += 1;
    const raw = readFileSync(join(folder, name));
    const text = (name.endsWith('.gz') ? gunzipSync(raw) : raw).toString('utf8');
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const resource = JSON.parse(line);
      if (!types.has(resource.resourceType)) types.set(resource.resourceType, []);
      types.get(resource.resourceType).push(resource);
    }
  }
  return { files, types };
}

/** The numbers of the Population dashboard under a choice of `{ from, to, gender, grain }`. */
export function population({ types }, { from = null, to = null, gender = null, grain = null } = {}) {
  const all = (type) => types.get(type) ?? [];
  const tail = (reference) => reference?.reference?.split('/').at(-1);
  const sex = new Map(all('Patient').map((one) => [one.id, one.gender ?? 'not recorded']));
  const isChosen = (patient) => gender === null || (sex.get(patient) ?? 'not recorded') === gender;

  const patients = all('Patient').filter((one) => isChosen(one.id));
  const deceased = patients.filter((one) => one.deceasedDateTime !== undefined || one.deceasedBoolean === true);

  const starts = all('Encounter').map((one) => [one, one.period?.start ? Date.parse(one.period.start) : null]);
  const until = to === null ? null : Date.parse(`${to}T00:00:00Z`) + 86_400_000;
  const inTime = ([, at]) =>
    (from === null || (at !== null && at >= Date.parse(`${from}T00:00:00Z`))) && (until === null || (at !== null && at < until));
  const chosen = starts.filter(inTime).filter(([one]) => isChosen(tail(one.subject)));

  const conditionsByEncounter = new Map();
  const ids = new Set(chosen.map(([one]) => one.id));
  for (const condition of all('Condition')) {
    const encounter = tail(condition.encounter);
    if (!ids.has(encounter)) continue;
    const display = condition.code?.coding?.[0]?.display ?? condition.code?.text ?? 'not recorded';
    if (!conditionsByEncounter.has(display)) conditionsByEncounter.set(display, new Set());
    conditionsByEncounter.get(display).add(encounter);
  }
  const conditions = [...conditionsByEncounter]
    .map(([condition, encounters]) => [condition, encounters.size])
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));

  const active = new Set(
    all('Condition')
      .filter((one) => one.clinicalStatus?.coding?.[0]?.code === 'active')
      .map((one) => tail(one.subject))
      .filter(isChosen),
  );

  return {
    patients: patients.length,
    deceased: deceased.length,
    genders: tally(all('Patient').map((one) => one.gender ?? 'not recorded')),
    encounters: chosen.length,
    active: active.size,
    byStart: byStart(chosen.map(([, at]) => at).filter((at) => at !== null), grain),
    conditions,
    ages: ages(patients),
    span: spanOf(starts.map(([, at]) => at).filter((at) => at !== null)),
  };
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function spanOf(times) {
  const day = (at) => new Date(at).toISOString().slice(0, 10);
  return times.length === 0 ? null : { first: day(times.reduce((a, b) => Math.min(a, b))), last: day(times.reduce((a, b) => Math.max(a, b))) };
}

/** Rows `[first day, count]` and the grain, chosen by the time span as the dashboard file says. */
function byStart(times, asked) {
  if (times.length === 0) return { grain: asked, rows: [] };
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const later = (years, months) => {
    const date = new Date(first);
    date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months);
    return date.getTime();
  };
  const grain = asked ?? (last > later(40, 0) ? 'year' : last > later(2, 0) ? 'month' : last > later(0, 4) ? 'week' : 'day');
  const floor = (at) => {
    const text = new Date(at).toISOString();
    if (grain === 'year') return `${text.slice(0, 4)}-01-01`;
    if (grain === 'month') return `${text.slice(0, 7)}-01`;
    if (grain === 'day') return text.slice(0, 10);
    const date = new Date(`${text.slice(0, 10)}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
    return date.toISOString().slice(0, 10);
  };
  return { grain, rows: tally(times.map(floor)).sort((a, b) => (a[0] < b[0] ? -1 : 1)) };
}

/** Rows `[age from, gender, count]` of those not recorded as deceased. */
function ages(patients) {
  const today = Number(new Date().toISOString().slice(0, 10).replaceAll('-', ''));
  const counts = new Map();
  for (const one of patients) {
    if (one.deceasedDateTime !== undefined || one.deceasedBoolean === true || !one.birthDate) continue;
    const born = Number(one.birthDate.replaceAll('-', '').padEnd(8, '01').slice(0, 8));
    const band = Math.min(90, Math.floor((today - born) / 10000 / 10) * 10);
    const key = `${String(band).padStart(3, '0')} ${one.gender ?? 'not recorded'}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([key, value]) => [Number(key.slice(0, 3)), key.slice(4), value]);
}
