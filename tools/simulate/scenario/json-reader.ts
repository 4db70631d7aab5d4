/** A scenario file that cannot be played; the message names the file and every wrong place in it. */
export class ScenarioError extends Error {}

/** Reads parsed JSON piece by piece and remembers every fault with its place, so that all are named at once. */
export class JsonReader {
  constructor(
    private readonly value: unknown,
    private readonly path: string,
    private readonly faults: string[],
  ) {}

  /** One of its members; every member must be asked for by name in `known`. */
  members(known: readonly string[]): Readonly<Record<string, JsonReader>> {
    if (!isObject(this.value)) {
      this.fault('must be an object');
      return Object.fromEntries(known.map((name) => [name, this.child(name, undefined)]));
    }
    for (const name of Object.keys(this.value)) {
      if (!known.includes(name)) this.child(name, null).fault(`is not known; known are ${known.join(', ')}`);
    }
    const { value } = this;
    return Object.fromEntries(known.map((name) => [name, this.child(name, value[name])]));
  }

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  get raw(): unknown {
    return this.value;
  }

  or<T>(fallback: T, read: (reader: JsonReader) => T): T {
    return this.isAbsent ? fallback : read(this);
  }

  text(): string {
    if (typeof this.value === 'string' && this.value !== '') return this.value;
    this.fault('must be a text');
    return '';
  }

  /** `HH:MM`. */
  timeOfDay(): string {
    if (typeof this.value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(this.value)) return this.value;
    this.fault('must be a time of day, HH:MM');
    return '00:00';
  }

  oneOf<T extends string>(words: readonly T[]): T {
    if (words.includes(this.value as T)) return this.value as T;
    this.fault(`must be one of ${words.join(', ')}`);
    return words[0]!;
  }

  number(least: number, most = Infinity): number {
    if (typeof this.value === 'number' && this.value >= least && this.value <= most) return this.value;
    this.fault(`must be a number ${most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`}`);
    return least;
  }

  whole(least: number, most = Infinity): number {
    const value = this.number(least, most);
    if (!Number.isInteger(value)) this.fault('must be a whole number');
    return value;
  }

  ratio(): number {
    return this.number(0, 1);
  }

  list<T>(read: (reader: JsonReader) => T, least = 0): T[] {
    if (!Array.isArray(this.value)) {
      this.fault('must be a list');
      return [];
    }
    if (this.value.length < least) this.fault(`must hold at least ${least}`);
    return this.value.map((item, i) => read(this.child(String(i), item)));
  }

  /** An object of numbers under names of the caller's choice. */
  weights<T extends string>(words: readonly T[] | null): Partial<Record<T, number>> {
    if (!isObject(this.value)) {
      this.fault('must be an object of weights');
      return {};
    }
    const weights: Partial<Record<T, number>> = {};
    for (const [name, value] of Object.entries(this.value)) {
      const child = this.child(name, value);
      if (words !== null && !words.includes(name as T)) child.fault(`is not known; known are ${words.join(', ')}`);
      else weights[name as T] = child.number(0);
    }
    return weights;
  }

  fault(what: string): void {
    this.faults.push(`${this.path === '' ? '/' : this.path} ${what}`);
  }

  private child(name: string, value: unknown): JsonReader {
    return new JsonReader(value, `${this.path}/${name}`, this.faults);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
