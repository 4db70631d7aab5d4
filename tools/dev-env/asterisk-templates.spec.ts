import { describe, expect, it } from 'vitest';
import { renderAgents, renderTemplate } from './asterisk-templates.js';

describe('renderTemplate', () => {
  it('fills placeholders of its prefix and leaves the dialplan its own variables', () => {
    const text = 'bindport = ${PBX_HTTP_PORT}\nexten => s,1,Goto(${EXTEN:-2},${CARRIER_SIP_PORT})';
    expect(renderTemplate(text, 'PBX', { PBX_HTTP_PORT: 8088 })).toBe(
      'bindport = 8088\nexten => s,1,Goto(${EXTEN:-2},${CARRIER_SIP_PORT})',
    );
  });

  it('inserts a value as it is, though it looks like a replacement pattern', () => {
    expect(renderTemplate('${PBX_ARI_PASSWORD}', 'PBX', { PBX_ARI_PASSWORD: "a$&b$'" })).toBe("a$&b$'");
  });

  it('refuses a placeholder without a value', () => {
    expect(() => renderTemplate('${PBX_HTTP_PORT}', 'PBX', {})).toThrow('PBX_HTTP_PORT');
  });
});

describe('renderAgents', () => {
  it('gives each agent an endpoint with a fixed contact', () => {
    expect(renderAgents(['agent-anna'], '127.0.0.1:25080')).toBe(
      '[agent-anna](agent-phone)\naors = agent-anna\n[agent-anna]\ntype = aor\ncontact = sip:agent-anna@127.0.0.1:25080\n',
    );
  });

  it.each(['anna', 'agent-', 'agent-a]b', 'agent-a\n[x]'])('refuses %j, which could not stand in the file', (name) => {
    expect(() => renderAgents([name], '127.0.0.1:25080')).toThrow(RangeError);
  });
});
