import { buildOrders, startDemoShop } from '../demo-shop/demo-shop.js';
import { AdminClient } from './admin-client.js';
import { DEMO_AGENTS, demoAgent, GUEST, SUPERVISOR } from './demo-agents.js';
import { keepSending, sendOrders } from './demo-traffic.js';
import { createShop, furnish, givePasswords, readSecrets, SHOP, writeSecrets, type WorldSecrets } from './furnish.js';
import { waitForStopSignal } from './stop-signal.js';

// The demo's shop, agents and orders for a service that runs already, on this loopback: the container `demo` of docker/compose.yml.

const API_URL = 'http://127.0.0.1:3000';
const SHOP_PORT = 3100;
/** Secrets live here and survive a restart. */
const FOLDER = '/data';
const FIRST_ORDERS = 10;

const say = (message: string): void => console.log(`demo: ${message}`);
const stopped = waitForStopSignal();
const adminToken = process.env['ADMIN_TOKEN'] ?? '';
const secrets = readSecrets<WorldSecrets>(FOLDER, () => ({ passwords: {} }));
// Sound from a browser does not reach into the containers' network: the carrier plays the guest's phone.
const floor = [...DEMO_AGENTS, { ...GUEST, phone: 'agent-guest' }, SUPERVISOR];
givePasswords(secrets, floor);
writeSecrets(FOLDER, secrets);

const shop = await startDemoShop({ port: SHOP_PORT });
const admin = new AdminClient(API_URL, adminToken);
await furnish(admin, floor, secrets);
secrets.shop = (await createShop(admin, SHOP, shop)) ?? secrets.shop;
writeSecrets(FOLDER, secrets);
if (secrets.shop === undefined)
  throw new Error('The shop exists already and its secrets are lost: docker compose down --volumes');
shop.connect({ apiUrl: API_URL, shop: SHOP, ...secrets.shop });

const agents = DEMO_AGENTS.map(({ login }, index) =>
  demoAgent(API_URL, { login, password: secrets.passwords[login] ?? '' }, index + 1),
);
await Promise.all(agents.map((agent) => agent.start()));
const publicUrl = process.env['PUBLIC_URL'] ?? API_URL;
const shopUrl = process.env['SHOP_PUBLIC_URL'] ?? shop.url;
say(`
  desktop    ${publicUrl}/desktop/   sign in as  ${GUEST.login}  with  ${secrets.passwords[GUEST.login]}
  board      ${publicUrl}/desktop/   sign in as  ${SUPERVISOR.login}  with  ${secrets.passwords[SUPERVISOR.login]}
  shop       ${shopUrl}/
  api        ${publicUrl}/openapi.json   health ${publicUrl}/health/ready   metrics ${publicUrl}/metrics
  admin      Authorization: Bearer ${adminToken}
`);
const run = `C${Date.now().toString(36).toUpperCase()}-`;
await sendOrders(shop, buildOrders(FIRST_ORDERS, Date.now() % 100_000, run), say);
await keepSending(shop, { run, sent: FIRST_ORDERS, stopped, say });
say('stopping');
await Promise.all(agents.map((agent) => agent.stop()));
await shop.stop();
