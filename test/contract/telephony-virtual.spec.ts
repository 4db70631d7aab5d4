import { describeTelephony } from './telephony-suite.js';
import { startVirtualExchange } from './virtual-exchange.js';

describeTelephony('virtual network', startVirtualExchange);
