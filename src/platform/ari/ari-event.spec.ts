import { describe, expect, test } from 'vitest';
import { parseEvent } from './ari-event.js';

const NOW = new Date('2026-11-22T10:00:00.000Z');

describe('parseEvent', () => {
  test('reads what we use', () => {
    const frame = JSON.stringify({
      type: 'ChannelDestroyed',
      timestamp: '2026-11-22T06:37:02.899+0000',
      application: 'dialer-watch-1',
      cause: 17,
      tech_cause: 486,
      channel: { id: 'c1', state: 'Down', name: 'PJSIP/trunk-0' },
    });
    expect(parseEvent(frame, NOW)).toMatchObject({
      type: 'ChannelDestroyed',
      application: 'dialer-watch-1',
      timestamp: new Date('2026-11-22T06:37:02.899Z'),
      channel: { id: 'c1', state: 'Down' },
      cause: 17,
      techCause: 486,
      isSoft: false,
    });
  });

  test.each(['', '{', 'null', '[]', '"x"', '7', '{}', '{"type":5}'])('%s is no event', (frame) => {
    expect(parseEvent(frame, NOW)).toBeNull();
  });

  test.each([
    '{"type":"FromTheFuture"}',
    '{"type":"ChannelDestroyed","channel":null,"cause":"x","tech_cause":"486","timestamp":"soon"}',
    '{"type":"Dial","peer":[],"dialstatus":{},"bridge":7}',
  ])('%s passes, with nothing in the fields that are missing or odd', (frame) => {
    expect(parseEvent(frame, NOW)).toMatchObject({
      channel: null,
      peer: null,
      cause: 0,
      techCause: null,
      timestamp: NOW,
    });
  });
});
