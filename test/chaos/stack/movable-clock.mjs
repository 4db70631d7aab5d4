// Loaded into a process of the service before its own code: its wall clock is off by as many milliseconds as the file says, from one moment to the next.
// Timers and the monotonic clock go on as they are, as when somebody sets the clock of a machine.
import { readFileSync } from 'node:fs';

const RealDate = Date;
const realNow = Date.now.bind(Date);
let offMs = 0;

setInterval(() => {
  try {
    offMs = Number(readFileSync(process.env.CHAOS_CLOCK_FILE, 'utf8')) || 0;
  } catch {
    offMs = 0;
  }
}, 100).unref();

globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(realNow() + offMs);
    else super(...given);
  }

  static now() {
    return realNow() + offMs;
  }

  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }
};
