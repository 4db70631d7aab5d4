import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { verifyWebhook } from './webhook-signature.js';

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const other = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const now = new Date('2026-11-22T10:00:00.000Z');
const seconds = now.getTime() / 1000;
const body = Buffer.from('{"a":"ї"}');

function headersOf(more: { id?: string; timestamp?: string; signature?: string; key?: string } = {}) {
  const { id = 'msg_1', timestamp = String(seconds), key = secret } = more;
  const mac = createHmac('sha256', Buffer.from(key.slice(6), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': more.signature?.replaceAll('MAC', mac) ?? `v1,${mac}`,
  };
}

describe('verifyWebhook', () => {
  it.each<[string, Parameters<typeof headersOf>[0]]>([
    ['one signature', {}],
    ['the right one among others', { signature: `v1,${Buffer.alloc(32).toString('base64')} v1,MAC v2,x` }],
    ['the right one as the fiftieth', { signature: `${'v1,AAAA '.repeat(49)}v1,MAC` }],
    ['an asymmetric one before it', { signature: 'v1a,MAC v1,MAC' }],
    ['a dot in the id', { id: 'msg.1' }],
    ['299 s old', { timestamp: String(seconds - 299) }],
    ['300 s old', { timestamp: String(seconds - 300) }],
    ['300 s ahead', { timestamp: String(seconds + 300) }],
  ])('accepts %s', (_name, more) => {
    expect(verifyWebhook(body, headersOf(more), [other, secret], now)).not.toBeNull();
  });

  it.each<[string, Parameters<typeof headersOf>[0]]>([
    ['another secret', { key: `whsec_${Buffer.alloc(32, 3).toString('base64')}` }],
    ['the secret of unknown shops', { key: `whsec_${Buffer.alloc(32).toString('base64')}` }],
    ['no version', { signature: 'MAC' }],
    ['another version', { signature: 'v1a,MAC' }],
    ['an empty signature', { signature: '' }],
    ['a cut signature', { signature: 'v1,' }],
    ['a character too many', { signature: 'v1,MACx' }],
    ['commas between signatures', { signature: 'v1,MAC,v1,MAC' }],
    ['no id', { id: '' }],
    ['blanks in the id', { id: 'a b' }],
    ['a long id', { id: 'x'.repeat(257) }],
    ['301 s old', { timestamp: String(seconds - 301) }],
    ['301 s ahead', { timestamp: String(seconds + 301) }],
    ['zero', { timestamp: '0' }],
    ['a negative time', { timestamp: '-1' }],
    ['a signed time', { timestamp: `+${seconds}` }],
    ['a fraction', { timestamp: `${seconds}.5` }],
    ['an exponent', { timestamp: '1e400' }],
    ['milliseconds', { timestamp: String(now.getTime()) }],
    ['a blank', { timestamp: ` ${seconds}` }],
    ['no time', { timestamp: '' }],
  ])('refuses %s', (_name, more) => {
    expect(verifyWebhook(body, headersOf(more), [other, secret], now)).toBeNull();
  });

  it('refuses without secrets, whatever is sent', () => {
    expect(verifyWebhook(body, headersOf(), [], now)).toBeNull();
    expect(verifyWebhook(body, headersOf({ key: `whsec_${Buffer.alloc(32).toString('base64')}` }), [], now)).toBeNull();
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'refuses when %s is missing or comes twice as a list',
    (name) => {
      expect(verifyWebhook(body, { ...headersOf(), [name]: undefined }, [secret], now)).toBeNull();
      expect(verifyWebhook(body, { ...headersOf(), [name]: ['a', 'b'] }, [secret], now)).toBeNull();
    },
  );

  it('agrees with the official library', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: -400, max: 400 }),
        fc.boolean(),
        (text, skew, isForged) => {
          const key = `whsec_${randomBytes(32).toString('base64')}`;
          const at = new Date(now.getTime() + skew * 1000);
          const signature = new Webhook(key).sign('msg_1', at, text);
          const headers = {
            'webhook-id': 'msg_1',
            'webhook-timestamp': String(at.getTime() / 1000),
            'webhook-signature': signature,
          };
          const bytes = Buffer.from(isForged ? `${text}x` : text);
          expect(verifyWebhook(bytes, headers, [key], now) !== null).toBe(!isForged && Math.abs(skew) <= 300);
        },
      ),
    );
  });
});
