import { beforeEach, describe, expect, test } from 'vitest';
import { parseEvent } from '../../platform/ari/ari-event.js';
import { AriFacts } from './ari-facts.js';

const LEG = '0190c1de-7a3b-7c11-8f00-0123456789ab';
const AT = '2026-11-22T10:00:00.000+0000';

describe('AriFacts', () => {
  let facts: AriFacts;
  beforeEach(() => {
    facts = new AriFacts();
  });

  const hear = (type: string, fields: object = {}, legId = LEG): string[] => {
    const subject = type === 'Dial' ? { peer: { id: legId, state: 'Down' } } : { channel: { id: legId, state: 'Up' } };
    const frame = JSON.stringify({ type, timestamp: AT, ...subject, ...fields });
    const event = parseEvent(frame, new Date(AT));
    return event === null ? [] : facts.translate(event).map(word);
  };
  const word = (fact: ReturnType<AriFacts['translate']>[number]): string =>
    fact.kind === 'leg.ended'
      ? `ended ${fact.cause}/${fact.techCause ?? '-'} ${fact.wasHungUpByUs ? 'us' : 'them'}`
      : fact.kind;
  const state = (name: string): object => ({ channel: { id: LEG, state: name } });
  const end = (cause: number, techCause?: number): string[] =>
    hear('ChannelDestroyed', { cause, ...(techCause === undefined ? {} : { tech_cause: techCause }) });

  test('an answered call, told once though heard twice and in another order', () => {
    expect(hear('Dial', { dialstatus: '' })).toEqual(['leg.dialing']);
    expect(hear('ChannelStateChange', state('Ringing'))).toEqual(['leg.ringing']);
    expect(hear('Dial', { dialstatus: 'RINGING' })).toEqual([]);
    expect(hear('StasisStart')).toEqual(['leg.answered', 'leg.ours']);
    expect(hear('ChannelStateChange', state('Up'))).toEqual([]);
    expect(hear('Dial', { dialstatus: 'ANSWER' })).toEqual([]);
    expect(hear('ChannelEnteredBridge', { bridge: { id: 'agent-x' } })).toEqual(['leg.bridged']);
    expect(hear('ChannelLeftBridge', { bridge: { id: 'agent-x' } })).toEqual(['leg.unbridged']);
    expect(hear('ChannelHangupRequest', { cause: 16 })).toEqual([]);
    expect(end(16)).toEqual(['ended 16/- them']);
  });

  test('nothing of a leg after its end', () => {
    expect(end(16)).toHaveLength(1);
    expect(end(16)).toEqual([]);
    expect(hear('StasisStart')).toEqual([]);
    expect(facts.hasHeardOf(LEG)).toBe(true);
  });

  test('early media is progress', () => {
    expect(hear('Dial', { dialstatus: 'PROGRESS' })).toEqual(['leg.progress']);
    expect(hear('Dial', { dialstatus: 'PROGRESS' })).toEqual([]);
  });

  describe('who ended it', () => {
    const theyHangUp = (cause: number): void => {
      hear('ChannelHangupRequest', { cause });
    };

    test.each([
      [17, 486],
      [21, 603],
      [1, 404],
      [34, 503],
      [19, 480],
      [18, 408],
    ])('the carrier with %i/%i', (cause, techCause) => {
      theyHangUp(cause);
      expect(end(cause, techCause)).toEqual([`ended ${cause}/${techCause} them`]);
    });

    test('a definite refusal is theirs even if the request was not heard', () => {
      expect(end(17, 486)).toEqual(['ended 17/486 them']);
    });

    test('our ring time-out looks like their 480 without a request of theirs', () => {
      expect(end(19, 480)).toEqual(['ended 19/480 us']);
    });

    test('nothing said at all is our time-out', () => {
      expect(end(0)).toEqual(['ended 0/- us']);
    });

    test('our command: a request marked soft', () => {
      facts.noteHangup(LEG);
      hear('ChannelHangupRequest', { cause: 32, soft: true });
      expect(end(16)).toEqual(['ended 16/- us']);
    });

    test('both at once is ours', () => {
      facts.noteHangup(LEG);
      theyHangUp(16);
      expect(end(16)).toEqual(['ended 16/- us']);
    });

    test('a hang-up of a leg that was gone already leaves nothing behind', () => {
      facts.noteHangup(LEG);
      facts.noteHangup(LEG, true);
      expect(facts.hasHeardOf(LEG)).toBe(false);
      theyHangUp(16);
      expect(end(16)).toEqual(['ended 16/- them']);
    });
  });

  test('speech and keys', () => {
    expect(hear('ChannelTalkingStarted')).toEqual(['leg.talking']);
    expect(hear('ChannelTalkingFinished', { duration: 900 })).toEqual(['leg.talking']);
    expect(hear('ChannelDtmfReceived', { digit: '1' })).toEqual(['leg.dtmf']);
  });

  test('legs that are not ours, and events we do not know, are nothing', () => {
    expect(hear('ChannelDestroyed', {}, '1732262222.17')).toEqual([]);
    expect(hear('StasisStart', {}, 'agent-anna-1')).toEqual([]);
    expect(hear('FromTheFuture')).toEqual([]);
    expect(hear('ChannelEnteredBridge')).toEqual([]);
  });

  test("an agent's leg is one of ours", () => {
    expect(hear('StasisStart', {}, `agent-${LEG}-1`)).toEqual(['leg.answered', 'leg.ours']);
  });

  test("a supervisor's ear that comes again under its id is heard of again, another leg is not", () => {
    const ear = `watch-${LEG}-${LEG}-listen`;
    for (const legId of [ear, LEG]) {
      expect(hear('StasisStart', {}, legId)).toEqual(['leg.answered', 'leg.ours']);
      expect(hear('ChannelDestroyed', {}, legId)).toHaveLength(1);
    }
    expect(hear('StasisStart', {}, ear)).toEqual(['leg.answered', 'leg.ours']);
    expect(hear('ChannelDestroyed', {}, ear)).toHaveLength(1);
    expect(hear('StasisStart', {}, LEG)).toEqual([]);
  });

  test('what a survey does not find is forgotten, but not what came meanwhile', () => {
    hear('Dial', { dialstatus: '' });
    const before = facts.liveLegs();
    const later = `agent-${LEG}-1`;
    hear('Dial', { dialstatus: '' }, later);
    facts.forget(before, new Set());
    expect(facts.liveLegs()).toEqual([later]);
    expect(facts.isKnownFromBirth(later)).toBe(true);
    expect(facts.isKnownFromBirth(LEG)).toBe(false);
  });
});
