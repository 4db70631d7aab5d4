import { describe, expect, it } from 'vitest';
import { parseSippRecord } from './sipp.js';

describe('parseSippRecord', () => {
  it('adds up the two numbers that SIPp writes for one instant', () => {
    expect(parseSippRecord('invited|1795331129.000000|12195.000000|7c16e7a2|+380671234567')).toEqual([
      { at: new Date(1795331129012), event: 'invited', callId: '7c16e7a2', number: '+380671234567' },
    ]);
  });

  it('has no number but on the invitation', () => {
    expect(parseSippRecord('ended|1795331140.000000|39847.000000|7c16e7a2|')).toMatchObject([{ number: null }]);
  });

  it('passes over a line that is half written', () => {
    expect(parseSippRecord('ended|17953311')).toEqual([]);
  });
});
