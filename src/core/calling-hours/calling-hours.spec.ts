import { describe, expect, it } from 'vitest';
import { DEFAULT_CALLING_HOURS, mayCall, parseHours, type CallingHours } from './calling-hours.js';

const ask = (now: string, timeZones = ['Europe/Kyiv'], hours: CallingHours = DEFAULT_CALLING_HOURS) => {
  const { isOpen, opensAt } = mayCall({ hours, timeZones, now: new Date(now) });
  return isOpen ? 'open' : (opensAt?.toISOString() ?? 'never');
};

describe('mayCall', () => {
  it.each([
    ['in the morning, winter time', '2026-11-23T07:00:00Z', 'open'],
    ['a second before nine', '2026-11-23T06:59:59Z', '2026-11-23T07:00:00.000Z'],
    ['a second before eight in the evening', '2026-11-23T17:59:59Z', 'open'],
    ['at eight in the evening', '2026-11-23T18:00:00Z', '2026-11-24T07:00:00.000Z'],
    ['the night before summer time begins', '2026-03-28T19:00:00Z', '2026-03-29T06:00:00.000Z'],
    ['the morning after summer time began', '2026-03-29T06:00:00Z', 'open'],
    ['the night before winter time begins', '2026-10-24T19:00:00Z', '2026-10-25T07:00:00.000Z'],
  ])('%s', (_name, now, expected) => {
    expect(ask(now)).toBe(expected);
  });

  it('at any hour when the shop says always, even without a zone', () => {
    expect(ask('2026-11-23T01:00:00Z', [], 'always')).toBe('open');
  });

  it('all candidate zones must permit the call', () => {
    expect(ask('2026-11-23T07:30:00Z', ['Europe/Kyiv', 'America/New_York'])).toBe('2026-11-23T14:00:00.000Z');
    expect(ask('2026-11-23T07:30:00Z', ['Europe/Kyiv', 'Pacific/Honolulu'])).toBe('never');
  });

  it('unknown never fails open', () => {
    expect(ask('2026-11-23T10:00:00Z', [])).toBe('never');
    expect(ask('2026-11-23T10:00:00Z', ['Mars/Olympus'])).toBe('never');
    expect(ask('2026-11-23T10:00:00Z', ['Europe/Kyiv'], { mon: ['9-20'] })).toBe('never');
  });

  it('looks over a closed week-end', () => {
    expect(ask('2026-11-20T18:30:00Z', ['Europe/Kyiv'], { mon: ['10:00-13:00', '14:00-24:00'] })).toBe(
      '2026-11-23T08:00:00.000Z',
    );
    expect(ask('2026-11-23T21:59:59Z', ['Europe/Kyiv'], { mon: ['10:00-13:00', '14:00-24:00'] })).toBe('open');
  });
});

describe('parseHours', () => {
  it.each(['9:00-20:00', '09:00-09:00', '20:00-09:00', '09:00-24:01', '09:00–20:00', '25:00-26:00', ''])(
    'refuses %s',
    (text) => {
      expect(parseHours(text)).toBeNull();
    },
  );
});
