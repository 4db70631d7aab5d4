/** Where the time comes from: the system's clock in the service, virtual in the simulator. */
export interface Clock {
  /** The present instant (UTC). */
  now(): Date;
  /** Milliseconds of a clock that never jumps; only differences mean anything. */
  monotonicMs(): number;
}

/** Where chance comes from: a share in [0, 1). Seeded in tests and in the simulator. */
export type Random = () => number;
