import { describe, expect, it } from 'vitest';
import { DestinationGuard, isPublicAddress } from './destination-guard.js';

describe('addresses', () => {
  const internal = [
    [
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '100.100.100.200',
    ],
    ['192.0.0.192', '168.63.129.16', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1'],
    [
      '::',
      '::1',
      '::7f00:1',
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::ffff:0:7f00:1',
      'fe80::1',
      'fd00:ec2::254',
      'fec0::1',
      'ff02::1',
    ],
    ['64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', '2001:db8::1', 'not an address'],
  ].flat();
  it.each(internal)('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(['8.8.8.8', '93.184.215.14', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );
});

describe('destinations', () => {
  const guard = new DestinationGuard({ allowPrivateDestinations: false }, () =>
    Promise.reject(new Error('no name server in this test')),
  );
  const loopbackForms = [
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '①②⑦.⓪.⓪.①',
  ];
  it.each([...loopbackForms, '169.254.169.254', '[fd00:ec2::254]', '100.64.0.1', '10.0.0.1'])(
    'refuses the host %s',
    async (host) => {
      expect(await guard.check(`https://${host}/hook`)).toMatch(/not public/);
    },
  );
  it.each([
    'http://shop.example/',
    'ftp://shop.example/',
    'https://user:word@shop.example/',
    'https://shop.example/#part',
    'shop',
    'file:///etc/passwd',
  ])('refuses %s', async (url) => {
    expect(await guard.check(url)).not.toBeNull();
  });
  it('takes a name that does not resolve yet', async () =>
    expect(await guard.check('https://shop.example/hook')).toBeNull());

  it('refuses a name when any of its addresses is internal', async () => {
    const mixed = new DestinationGuard({ allowPrivateDestinations: false }, () =>
      Promise.resolve([
        { address: '93.184.215.14', family: 4 },
        { address: '10.0.0.7', family: 4 },
      ]),
    );
    expect(await mixed.check('https://shop.example/')).toMatch(/not public/);
  });
  it('takes plain http and loopback in development', async () => {
    const open = new DestinationGuard({ allowPrivateDestinations: true });
    expect(await open.check('http://127.0.0.1:3000/hook')).toBeNull();
    expect(await open.check('gopher://127.0.0.1/')).not.toBeNull();
  });
});
