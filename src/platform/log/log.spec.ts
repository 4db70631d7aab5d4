import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log, newTraceId, withTrace } from './log.js';

function capture(work: (log: Log) => void, level: 'debug' | 'info' = 'debug'): Record<string, unknown>[] {
  const lines: string[] = [];
  work(new Log(level, { write: (line: string) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
const written = (fields: Record<string, unknown>): string => JSON.stringify(capture((log) => log.info('x', fields)));

describe('the log', () => {
  it('writes one JSON line with level, time, message, trace and fields', () => {
    const traceId = newTraceId();
    const [line] = capture((log) =>
      withTrace({ traceId }, () => withTrace({ callId: 'c' }, () => log.info('a call began', { shop: 'demo' }))),
    );
    expect(line).toEqual({
      level: 'info',
      time: expect.any(String),
      message: 'a call began',
      traceId,
      callId: 'c',
      shop: 'demo',
    });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keeps the trace over what is awaited, and apart from other work', async () => {
    const lines: string[] = [];
    const log = new Log('info', { write: (line: string) => void lines.push(line) });
    const work = (traceId: string): Promise<void> =>
      withTrace({ traceId }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        log.info('done', { expected: traceId });
      });
    await Promise.all([work('one'), work('two')]);
    for (const line of lines) {
      const { traceId, expected } = JSON.parse(line) as { traceId: string; expected: string };
      expect(traceId).toBe(expected);
    }
  });

  it('leaves out what is below its level', () => {
    expect(capture((log) => log.debug('x'), 'info')).toEqual([]);
  });

  it.each([
    [{ phone: '+380671234567' }],
    [{ reason: 'cannot call +380671234567 now' }],
    [{ reason: 'cannot call +38 (067) 123-45-67 now' }],
    [{ endpoint: 'PJSIP/380671234567@trunk' }],
    [{ customer: { name: 'Олена Ткач', secondPhone: '0671234567' } }],
    [{ deep: { deeper: [{ name: 'Олена Ткач' }, '+380671234567'] } }],
    [{ error: new Error('no route to +380671234567') }],
    [
      {
        error: Object.assign(new Error('duplicate'), {
          detail: 'Key (name)=(Олена Ткач)',
          parameters: ['Олена Ткач', '+380671234567'],
        }),
      },
    ],
    [{ error: new Error('outer', { cause: new Error('380671234567 is busy') }) }],
    [{ bytes: Buffer.from('Олена Ткач') }],
    [{ agentPassword: 'Олена Ткач', apiKey: 'Олена Ткач', authorization: 'Олена Ткач', webhookSecret: 'Олена Ткач' }],
  ])('hides personal data in %j', (fields) => {
    expect(written(fields)).not.toMatch(/Олена|Ткач|0671234567|123-45-67/);
  });

  it('hides every E.164 number in whatever text', () => {
    const number = fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 13 }),
    );
    fc.assert(
      fc.property(number, fc.constantFrom('', 'to ', '"', '=', '/'), ([first, rest], before) => {
        const digits = [first, ...rest].join('');
        expect(written({ text: `${before}+${digits}` })).not.toContain(digits);
      }),
    );
  });

  it('keeps what helps: ids, codes, durations', () => {
    const fields = {
      callId: '0192f0c1-7d5e-7abc-8def-001122334455',
      status: 503,
      durationMs: 1234,
      from: 'ringing',
      to: 'talking',
    };
    expect(capture((log) => log.info('x', fields))[0]).toMatchObject(fields);
    const [line] = capture((log) => log.error('x', { error: Object.assign(new TypeError('boom'), { code: 'E1' }) }));
    expect(line).toMatchObject({
      error: { type: 'TypeError', code: 'E1', message: 'boom', stack: expect.stringContaining('at ') },
    });
  });
});
