/**
 * What makes a browser's phone known to Asterisk, in the order in which it must be given: `[type, fields]` of res_pjsip.
 *
 * The same as the template `agent-browser` of asterisk-config/pbx/pjsip.conf, since templates do not reach what is given over ARI. G.711 comes first:
 * the bridge with the trunk then needs no transcoding. A browser that has lost its network is noticed by its silence, after 20 s: a muted one
 * goes on sending.
 */
export function browserPhone(name: string, password: string): [type: string, fields: Record<string, string>][] {
  return [
    ['auth', { auth_type: 'userpass', username: name, password }],
    ['aor', { max_contacts: '1', remove_existing: 'yes', maximum_expiration: '120', minimum_expiration: '30' }],
    [
      'endpoint',
      {
        transport: 'transport-ws',
        context: 'from-agents',
        disallow: 'all',
        allow: 'alaw,ulaw,opus',
        webrtc: 'yes',
        dtls_auto_generate_cert: 'yes',
        rtp_timeout: '20',
        rtp_timeout_hold: '300',
        auth: name,
        aors: name,
      },
    ],
  ];
}
