import { describe, expect, it } from 'vitest';
import { decodeUtf8, isPlainJson } from './body-parser.js';
import { traceIdOf } from './request-trace.js';
import { RouteTable } from './route-table.js';

describe('the table of routes', () => {
  const routes = new RouteTable();
  routes.add('/v1/shops/:shop/orders', ['POST']);
  routes.add('/v1/shops/:shop/orders/:orderId', ['GET', 'HEAD']);

  it.each([
    ['GET', '/v1/shops/demo/orders', ['POST']],
    ['POST', '/v1/shops/demo/orders?x=1', []],
    ['DELETE', '/v1/shops/demo/orders/A-1', ['GET', 'HEAD']],
    ['GET', '/v1/shops', []],
    ['GET', '/v1/shops/demo/orders/A/B', []],
  ])('knows for %s %s the methods %j', (method, url, methods) => {
    expect(routes.otherMethods(method, url)).toEqual(methods);
  });
});

describe('bodies', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON; charset=UTF-8', true],
    ['application/json; charset="utf-8"', true],
    ['application/json;charset=utf8;v=1', true],
    ['application/json; charset=latin1', false],
    ['application/jsonp', false],
    ['text/json', false],
    ['', false],
  ])('of type %j are JSON: %j', (contentType, isJson) => {
    expect(isPlainJson({ headers: { 'content-type': contentType } })).toBe(isJson);
  });

  it('that are compressed or not UTF-8 are told', () => {
    expect(isPlainJson({ headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } })).toBe(false);
    expect([decodeUtf8(Buffer.from('ї')), decodeUtf8(Buffer.from([0xc3]))]).toEqual(['ї', null]);
  });
});

describe('the trace of a caller', () => {
  const id = 'ab'.repeat(16);
  it.each([
    [`00-${id}-${'1'.repeat(16)}-01`, id],
    [`00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, null],
    [`ff-${id}-${'1'.repeat(16)}-01`, null],
    ['rubbish', null],
    [undefined, null],
  ])('in %j is %j', (header, traceId) => {
    expect(traceIdOf(header)).toBe(traceId);
  });
});
