import { startAsteriskExchange } from './asterisk-exchange.js';
import { describeTelephony } from './telephony-suite.js';

describeTelephony('Asterisk', startAsteriskExchange);
