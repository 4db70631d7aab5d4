import { describe, expect, it } from 'vitest';
import { parseCallRecord } from './carrier-ledger.js';

const notice = (fields: string): string => `[2026-11-22 07:15:54.839] NOTICE[22455][C-00000001] Ext. ended: ${fields}`;

describe('parseCallRecord', () => {
  it('reads an answered call with milliseconds', () => {
    const line = notice(
      'CALL|+380671110000|+380441112233|1795331743.235953|1795331744.236643|1795331754.839|16|07f6@host',
    );
    expect(parseCallRecord(line)).toEqual({
      number: '+380671110000',
      caller: '+380441112233',
      invitedAt: new Date(1795331743236),
      answeredAt: new Date(1795331744237),
      endedAt: new Date(1795331754839),
      cause: 16,
      callId: '07f6@host',
    });
  });

  it('knows a call that was never answered', () => {
    const line = notice('CALL|+380671110060|+380441112233|1795331743.235953|0.000000|1795331743.740|17|07f6');
    expect(parseCallRecord(line)).toMatchObject({ answeredAt: null, cause: 17 });
  });

  it.each([notice('something else'), '[2026-11-22 07:15:54.839] NOTICE[1] loader.c: 54 modules will be loaded.', ''])(
    'passes over %j',
    (line) => {
      expect(parseCallRecord(line)).toBeNull();
    },
  );
});
