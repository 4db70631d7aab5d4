/** One thing that a called phone does, `afterMs` after the call reached it or after the beginning of the step before. */
export type FarEndStep =
  | { readonly kind: 'ring' | 'early_media' | 'answer'; readonly afterMs: number }
  | { readonly kind: 'refuse'; readonly afterMs: number; readonly cause: number; readonly techCause: number }
  /** Speech of `forMs`, heard when the leg reports talking. */
  | { readonly kind: 'talk'; readonly afterMs: number; readonly forMs: number }
  | { readonly kind: 'press'; readonly afterMs: number; readonly digit: string }
  | { readonly kind: 'hang_up'; readonly afterMs: number };

const ring: FarEndStep = { kind: 'ring', afterMs: 30 };
const answer = (afterMs: number): FarEndStep => ({ kind: 'answer', afterMs });
const hello: FarEndStep = { kind: 'talk', afterMs: 300, forMs: 800 };
const refuse = (afterMs: number, cause: number, techCause: number): FarEndStep => ({
  kind: 'refuse',
  afterMs,
  cause,
  techCause,
});

const SPECIAL: Readonly<Record<number, readonly FarEndStep[]>> = {
  60: [refuse(500, 17, 486)],
  61: [ring, refuse(2_000, 21, 603)],
  62: [ring],
  63: [refuse(20, 1, 404)],
  64: [refuse(20, 34, 503)],
  65: [ring, answer(2_000), { kind: 'talk', afterMs: 300, forMs: 6_000 }],
  66: [ring, answer(1_000), { kind: 'hang_up', afterMs: 20 }],
  67: [ring, answer(1_000), hello, { kind: 'press', afterMs: 1_000, digit: '1' }],
  68: [ring, answer(1_000), hello, { kind: 'press', afterMs: 1_000, digit: '2' }],
  69: [{ kind: 'early_media', afterMs: 30 }, refuse(3_000, 17, 486)],
  70: [{ kind: 'early_media', afterMs: 30 }, answer(3_000), hello],
  71: [ring, answer(2_000)],
  72: [ring, answer(14_000), hello],
  73: [refuse(1_000, 19, 480)],
  74: [ring, answer(2_000), hello, { kind: 'hang_up', afterMs: 4_700 }],
  75: [],
};

/**
 * What the buyer behind a number of the simulated carrier does: its last two digits choose, as in asterisk-config/carrier/extensions.conf.
 * 00–59, and 76–99, answer after (n mod 6) + 1 s and talk. An empty list: the carrier never replies.
 */
export function buyerBehaviour(number: string): readonly FarEndStep[] {
  const n = Number(number.slice(-2));
  return SPECIAL[n] ?? [ring, answer(((n % 6) + 1) * 1_000), hello];
}

/**
 * What a trunk does with any call, by its endpoint's name: `…congested…` answers 503, `…silent…` never replies. Null: `…unknown…`, the exchange
 * has no such trunk. Undefined: it carries the call, and the buyer decides.
 */
export function trunkBehaviour(endpoint: string): readonly FarEndStep[] | null | undefined {
  if (endpoint.includes('unknown')) return null;
  if (endpoint.includes('congested')) return [refuse(20, 34, 503)];
  if (endpoint.includes('silent')) return [];
  return undefined;
}

/**
 * What an agent's phone does, by its endpoint's name: `…reject…` declines, `…deaf…` rings out, `…ring…` rings for a second first, any other
 * answers at once. Null: `…unknown…`, not registered.
 */
export function phoneBehaviour(endpoint: string): readonly FarEndStep[] | null {
  if (endpoint.includes('unknown')) return null;
  if (endpoint.includes('reject')) return [{ kind: 'refuse', afterMs: 20, cause: 21, techCause: 603 }];
  if (endpoint.includes('deaf')) return [{ kind: 'ring', afterMs: 20 }];
  if (endpoint.includes('ring'))
    return [
      { kind: 'ring', afterMs: 20 },
      { kind: 'answer', afterMs: 1_000 },
    ];
  return [{ kind: 'answer', afterMs: 20 }];
}
