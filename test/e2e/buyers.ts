/** Long enough for the buyer who answers after 14 s. */
export const RING_SECONDS = 17;

/** One kind of buyer of the simulated carrier, and what must come of their order. */
export interface Buyer {
  /** Last two digits of the number. */
  readonly ending: string;
  readonly what: string;
  /** The result of each attempt, in order. */
  readonly attempts: readonly string[];
  readonly outcome: string;
  /** What the agent says; only of buyers who answer. */
  readonly word?: 'confirmed' | 'declined' | 'no_decision';
  /** How long the agent talks. */
  readonly talkMs?: number;
  /** Final and provisional answers to each INVITE as they passed the trunk, without 100. */
  readonly statuses: readonly number[];
  /** Q.850 cause at the carrier; absent where it has no record. */
  readonly carrierCause?: number;
  readonly answersAfterMs?: number;
}

const RANG = [180, 200];
const FOR_EVER_MS = 3_600_000;

/** Two attempts with the same result: the shop's maximum. */
function inVain(result: string): Pick<Buyer, 'attempts' | 'outcome'> {
  return { attempts: [result, result], outcome: 'unreachable' };
}

function talks(ending: string): Buyer {
  const seconds = (Number(ending) % 6) + 1;
  return {
    ending,
    what: `answers after ${seconds} s and talks`,
    attempts: ['answered'],
    outcome: 'confirmed',
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: seconds * 1_000,
  };
}

/** Those who take longest come first. */
export const BUYERS: readonly Buyer[] = [
  { ending: '62', what: 'rings, no answer', ...inVain('no_answer'), statuses: [180, 487], carrierCause: 19 },
  { ending: '75', what: 'no reply of the carrier at all', ...inVain('carrier_failure'), statuses: [] },
  {
    ending: '65',
    what: 'voicemail greeting and beep',
    ...inVain('machine'),
    word: 'no_decision',
    talkMs: 20_000,
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: 2_000,
  },
  {
    ending: '72',
    what: 'answers after 14 s',
    attempts: ['answered'],
    outcome: 'confirmed',
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: 14_000,
  },
  {
    ending: '71',
    what: 'answers and stays silent',
    ...inVain('answered'),
    word: 'no_decision',
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: 2_000,
  },
  {
    ending: '66',
    what: 'answers and hangs up at once',
    ...inVain('answered'),
    word: 'no_decision',
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: 1_000,
  },
  {
    ending: '74',
    what: 'answers, hangs up after 5 s of talk',
    attempts: ['answered'],
    outcome: 'confirmed',
    talkMs: FOR_EVER_MS,
    statuses: RANG,
    carrierCause: 16,
    answersAfterMs: 2_000,
  },
  { ending: '60', what: 'busy', ...inVain('busy'), statuses: [486], carrierCause: 17 },
  { ending: '61', what: 'declined', ...inVain('rejected'), statuses: [180, 603], carrierCause: 21 },
  {
    ending: '63',
    what: 'invalid',
    attempts: ['invalid_number'],
    outcome: 'invalid_number',
    statuses: [404],
    carrierCause: 1,
  },
  { ending: '64', what: 'congestion', ...inVain('carrier_failure'), statuses: [503], carrierCause: 34 },
  { ending: '69', what: 'early media, then busy', ...inVain('busy'), statuses: [183, 486], carrierCause: 17 },
  { ending: '73', what: 'switched off', ...inVain('unobtainable'), statuses: [480], carrierCause: 20 },
  {
    ending: '70',
    what: 'early media, then answers',
    attempts: ['answered'],
    outcome: 'confirmed',
    statuses: [183, 200],
    carrierCause: 16,
    answersAfterMs: 3_000,
  },
  { ...talks('67'), what: 'answers and presses 1', answersAfterMs: 1_000 },
  { ...talks('68'), what: 'answers and presses 2', answersAfterMs: 1_000, outcome: 'declined', word: 'declined' },
  ...['00', '01', '02', '03', '04', '05', '29', '40', '59'].map(talks),
];
