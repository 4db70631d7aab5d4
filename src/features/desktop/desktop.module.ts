import { Module, type OnModuleInit } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Transactions } from '../../platform/database/transaction.js';
import { StaticPages } from '../../platform/http/static-pages.js';
import { Log } from '../../platform/log/log.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { AgentsModule } from '../agents/agents.module.js';
import { CallsModule } from '../calls/calls.module.js';
import { DialingModule } from '../dialing/dialing.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { AgentEventStore } from './agent-event.store.js';
import { AgentScreens } from './agent-screens.js';
import { AttemptsReadModel } from './attempts.read-model.js';
import { DesktopCallsController } from './desktop-calls.controller.js';
import { DesktopEventsController } from './desktop-events.controller.js';
import { DesktopController } from './desktop.controller.js';
import { DesktopHandlers } from './desktop.handlers.js';
import { DesktopShopsController } from './desktop-shops.controller.js';
import { FiguresReadModel } from './figures.read-model.js';
import { TransfersController } from './transfers.controller.js';
import { MessageComposer } from './message-composer.js';
import { SessionCookie } from './session-cookie.js';
import { SipGate } from './sip-gate.js';
import { SupervisorCallsController } from './supervisor-calls.controller.js';
import { SessionGuard } from './session-guard.js';

@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule, CallsModule, DialingModule, OutcomesModule],
  controllers: [
    DesktopController,
    DesktopEventsController,
    DesktopCallsController,
    DesktopShopsController,
    SupervisorCallsController,
    TransfersController,
  ],
  providers: [
    AgentEventStore,
    AttemptsReadModel,
    FiguresReadModel,
    MessageComposer,
    AgentScreens,
    DesktopHandlers,
    SessionCookie,
    SipGate,
    SessionGuard,
  ],
  exports: [SessionCookie, SessionGuard],
})
export class DesktopModule implements OnModuleInit {
  constructor(
    private readonly pages: StaticPages,
    private readonly sweeps: Sweeps,
    private readonly transactions: Transactions,
    private readonly tape: AgentEventStore,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.sweeps.every('desktop.tape', 600_000, () => this.transactions.run((tx) => this.tape.prune(tx)));
    // Three folders up, from the sources as from `dist`, is the project.
    const built = fileURLToPath(new URL('../../../dist/web', import.meta.url));
    if (existsSync(built)) this.pages.serve('/desktop/', built, { unchanging: 'assets' });
    else this.log.warn('the desktop page is not built, its address answers 404: npm run build');
  }
}
