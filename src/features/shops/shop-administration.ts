import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { ShopSettings } from '../../core/order/shop-settings.js';
import { DialerError, type FieldError } from '../../core/shared/errors.js';
import { newToken, newWebhookSecret, sha256 } from '../../platform/auth/tokens.js';
import { PublicHolidays } from '../../platform/calendar/public-holidays.js';
import { Vault } from '../../platform/auth/vault.js';
import { Settings } from '../../platform/config/settings.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { DestinationGuard } from '../../platform/http/destination-guard.js';
import { Log } from '../../platform/log/log.js';
import { Events } from '../../platform/outbox/events.js';
import type { DestinationDto, PutShopDto } from './shop.dto.js';
import { shopSettingsFrom } from './shop-settings-from.js';
import {
  destinationNames,
  insertSecret,
  keepOnlyDestinations,
  lockShop,
  putDestination,
  putShop,
  retireSecrets,
  setPaused,
} from './shop.store.js';
import { shopStored } from './shops.events.js';
import { warningsAbout } from './shop-warnings.read-model.js';
import { noSuchShop, ShopsService } from './shops.service.js';

/** Secrets are here only when they have just been made: the one time they are shown. */
export interface PutShopAnswer {
  readonly shop: string;
  readonly apiKey?: string;
  readonly webhookSecret?: string;
  readonly destinations: { readonly name: string; readonly secret?: string }[];
  /** What orders would wait for: groups and skills that are not there yet, hours that never come; absent when there is nothing. */
  readonly warnings?: readonly string[];
}

export interface RotateAnswer {
  readonly shop: string;
  readonly what: string;
  readonly apiKey?: string;
  readonly webhookSecret?: string;
  readonly secret?: string;
}

/** What administrators do to shops. */
@Injectable()
export class ShopAdministration {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly vault: Vault,
    private readonly notifications: Notifications,
    private readonly events: Events,
    private readonly guard: DestinationGuard,
    private readonly publicHolidays: PublicHolidays,
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /**
   * Creates or replaces a shop. Destinations that are not named any more go, new ones get a secret.
   * @throws DialerError `input.invalid` with every wrong field, destinations that may not be called among them
   */
  async put(shopId: string, dto: PutShopDto): Promise<{ isNew: boolean; answer: PutShopAnswer }> {
    const settings = shopSettingsFrom(dto, this.settings.isLoopbackOnly);
    const wanted = dto.destinations ?? [];
    await this.checkHolidays(settings);
    await this.checkDestinations(wanted);
    const result = await this.transactions.run(async (tx) => {
      const { isNew } = await putShop(tx, { shopId, name: dto.name, settings });
      const keys = isNew
        ? { apiKey: await this.addApiKey(tx, shopId), webhookSecret: await this.addSecret(tx, shopId, null) }
        : {};
      const destinations = await this.putDestinations(tx, shopId, wanted);
      await this.shops.tellChanged(tx, shopId);
      await this.events.publish(tx, shopStored, { shopId });
      const warnings = await warningsAbout(tx, settings);
      return {
        isNew,
        answer: { shop: shopId, ...keys, destinations, ...(warnings.length > 0 ? { warnings } : {}) },
      };
    });
    this.shops.forget();
    this.log.info('a shop was stored', { shopId, isNew: result.isNew });
    return result;
  }

  /**
   * Adds a second key or secret; the present one lives 24 h more.
   * @throws DialerError `shop.not_found`, `shop.destination_not_found`
   */
  async rotate(shopId: string, what: string): Promise<RotateAnswer> {
    const answer = await this.transactions.run(async (tx) => {
      if (!(await lockShop(tx, shopId))) throw noSuchShop(shopId);
      const made = await this.addSecond(tx, shopId, what);
      await this.shops.tellChanged(tx, shopId);
      return { shop: shopId, what, ...made };
    });
    this.shops.forget();
    this.log.info('a secret of a shop was rotated', { shopId, kind: what.split(':')[0] });
    return answer;
  }

  /** @throws DialerError `shop.not_found` */
  async setPaused(shopId: string, isPaused: boolean): Promise<void> {
    await this.transactions.run(async (tx) => {
      if (!(await setPaused(tx, shopId, isPaused))) throw noSuchShop(shopId);
      await this.shops.tellChanged(tx, shopId);
      await this.notifications.notify(tx, 'dialer', `shop:${shopId}`);
    });
    this.shops.forget();
    this.log.info(isPaused ? 'a shop was paused' : 'a shop goes on', { shopId });
  }

  private async addSecond(tx: Tx, shopId: string, what: string): Promise<Omit<RotateAnswer, 'shop' | 'what'>> {
    if (what === 'apiKey') {
      await retireSecrets(tx, shopId, 'api_key', null);
      return { apiKey: await this.addApiKey(tx, shopId) };
    }
    if (what === 'webhookSecret') {
      await retireSecrets(tx, shopId, 'webhook', null);
      return { webhookSecret: await this.addSecret(tx, shopId, null) };
    }
    const name = what.slice('destination:'.length);
    if (!(await destinationNames(tx, shopId)).includes(name)) {
      throw new DialerError('shop.destination_not_found', 'The shop has no such destination.', { details: { shopId } });
    }
    await retireSecrets(tx, shopId, 'destination', name);
    return { secret: await this.addSecret(tx, shopId, name) };
  }

  private async putDestinations(
    tx: Tx,
    shopId: string,
    wanted: readonly DestinationDto[],
  ): Promise<PutShopAnswer['destinations']> {
    const known = await destinationNames(tx, shopId);
    await keepOnlyDestinations(
      tx,
      shopId,
      wanted.map(({ name }) => name),
    );
    const answer: { name: string; secret?: string }[] = [];
    for (const destination of wanted) {
      await putDestination(tx, shopId, destination);
      const { name } = destination;
      answer.push(known.includes(name) ? { name } : { name, secret: await this.addSecret(tx, shopId, name) });
    }
    return answer;
  }

  private async addApiKey(tx: Tx, shopId: string): Promise<string> {
    const key = newToken('cdk_');
    const row = { id: uuidv7(), shop_id: shopId, destination: null, secret_encrypted: null, key_hash: sha256(key) };
    await insertSecret(tx, { ...row, kind: 'api_key' });
    return key;
  }

  /** Of the shop's own webhooks (`destination` null) or of a destination. */
  private async addSecret(tx: Tx, shopId: string, destination: string | null): Promise<string> {
    const secret = newWebhookSecret();
    const row = {
      id: uuidv7(),
      shop_id: shopId,
      destination,
      secret_encrypted: this.vault.encrypt(secret),
      key_hash: null,
    };
    await insertSecret(tx, { ...row, kind: destination === null ? 'webhook' : 'destination' });
    return secret;
  }

  /** What is not known would leave days open that the shop wants closed. */
  private async checkHolidays(settings: ShopSettings): Promise<void> {
    const { isClosed, region } = settings.holidays;
    if (!isClosed && region === null) return;
    const country = settings.holidays.country ?? settings.country;
    const regions = await this.publicHolidays.regionsOf(country);
    const fieldErrors: FieldError[] = [];
    if (regions === null) {
      fieldErrors.push({
        pointer: '/holidays/country',
        detail: `no public holidays are known of ${country}: name another country, or the days themselves in dates`,
      });
    } else if (region !== null && !regions.includes(region)) {
      const known =
        regions.length === 0 ? 'must be absent: the country has none' : `must be one of ${regions.join(', ')}`;
      fieldErrors.push({ pointer: '/holidays/region', detail: known });
    }
    if (fieldErrors.length > 0) throw new DialerError('input.invalid', 'The holidays are not known.', { fieldErrors });
  }

  private async checkDestinations(wanted: readonly DestinationDto[]): Promise<void> {
    const refusals = await Promise.all(wanted.map(({ url }) => this.guard.check(url)));
    const fieldErrors = refusals.flatMap((detail, index): FieldError[] =>
      detail === null ? [] : [{ pointer: `/destinations/${index}/url`, detail }],
    );
    if (fieldErrors.length > 0)
      throw new DialerError('input.invalid', 'Some destinations may not be called.', { fieldErrors });
  }
}
