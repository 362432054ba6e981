// learned.ts - what a snapshot says of a learner, where tuners and Q-learners say it differently.
// Room: page. Threads: pure functions.
import type { Learner, Num, StateReport } from './snapshot.ts';

/** False for a Q-learner, which every learner in recordings of earlier versions is. */
export const tunes = (learner: Learner): boolean => learner.tunes === true;

/** What a tuner reports of the states that it has seen, the lowest first; none for a Q-learner. */
export function seen(learner: Learner): { state: number; report: StateReport }[] {
  const all = (learner.reports ?? []).map((report, state) => ({ state, report }));
  return tunes(learner) ? all.filter(({ report }) => report.observations > 0) : [];
}

/**
 * The share 0..1 of the next ticks that do not take what is held to be best. Of a tuner it is the mean over
 * the states seen, each weighing as often as it was seen: a state that never comes would always be tried out.
 */
export function stillTried(learner: Learner): Num {
  const states = seen(learner);
  const total = states.reduce((n, { report }) => n + report.observations, 0);
  if (total === 0) return learner.exploration;
  return states.reduce((sum, { report }) => sum + (report.trying ?? 0) * report.observations, 0) / total;
}
