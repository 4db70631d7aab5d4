import { MOMENT_MS, type PageMoment } from '../../tools/dev-env/page-ear.js';

/** Who says which tone, in Hz: far from each other, from the notes of the hold music, and from the tones of faxes. */
export const VOICES = { first: 1_450, second: 1_900, boss: 2_250 } as const;
export type Voice = keyof typeof VOICES;
const NAMES = Object.keys(VOICES) as readonly Voice[];
export const TONES: readonly number[] = Object.values(VOICES);

/** Amplitude of a tone that is there; speech and music lie below it at these frequencies. */
const THERE = 0.05;
/** Root mean square of what is left without the tones when music plays or somebody else speaks. */
const OTHER = 0.008;
/** Of the tones' own loudness: they sway, begin and end. */
const OTHER_RATIO = 0.3;
/** Shares of all moments. A machine with much other work drops some sound; speech and music have pauses. */
const ALWAYS = 0.7;
const NEVER = 0.03;
const SOMETIMES = 0.25;
/** Samples a second on the line. */
const LINE_HZ = 8_000;

/** Who is heard in one moment. */
export function voicesIn({ tones }: PageMoment): Voice[] {
  return NAMES.filter((_, i) => (tones[i] ?? 0) > THERE);
}

/** True when there is more than the tones: music, speech. */
export function isMore({ loudness, tones }: PageMoment): boolean {
  const own = tones.reduce((power, amplitude) => power + amplitude ** 2 / 2, 0);
  return Math.sqrt(Math.max(0, loudness ** 2 - own)) > Math.max(OTHER, OTHER_RATIO * Math.sqrt(own));
}

/** Who is heard throughout, in words: `first`, `first second`, `other` (music or speech), `` (nobody); with `?` who comes or goes meanwhile. */
export function whoIsHeard(moments: readonly PageMoment[]): string {
  if (moments.length === 0) return '';
  const share = (isIt: (moment: PageMoment) => boolean): number => moments.filter(isIt).length / moments.length;
  const voices = NAMES.flatMap((voice) => {
    const heard = share((moment) => voicesIn(moment).includes(voice));
    return heard < NEVER ? [] : [heard > ALWAYS ? voice : `${voice}?`];
  });
  return [...voices, ...(share(isMore) > SOMETIMES ? ['other'] : [])].join(' ');
}

/** A recording of the exchange, 8,000 samples of 16 bits a second, in moments. @param startMs  `Date.now()` of its first sample */
export function momentsOf(samples: Int16Array, startMs: number): PageMoment[] {
  const length = (LINE_HZ * MOMENT_MS) / 1_000;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, i) => {
    const part = samples.subarray(i * length, (i + 1) * length);
    return {
      at: startMs + (i + 1) * MOMENT_MS,
      loudness: Math.sqrt(part.reduce((power, sample) => power + (sample / 32_768) ** 2, 0) / length),
      tones: TONES.map((hz) => amplitudeOf(part, hz)),
    };
  });
}

function amplitudeOf(samples: Int16Array, hz: number): number {
  let [cosine, sine] = [0, 0];
  samples.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * i) / LINE_HZ;
    cosine += sample * Math.cos(angle);
    sine += sample * Math.sin(angle);
  });
  return (2 * Math.hypot(cosine, sine)) / samples.length / 32_768;
}
