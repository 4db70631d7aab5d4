import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ORDER_STATUSES, OUTCOMES } from '../../core/order/order.js';
import { ATTEMPT_RESULTS } from '../../core/call/result.js';
import { WAITING_CODES } from '../../core/order/waiting-for.js';
import { CustomerDto, DeliveryDto, ItemDto, PaymentDto, SourceDto, TotalDto } from './order-message.dto.js';

// Shapes of answers, for the OpenAPI document only.
const INSTANT = { type: String, format: 'date-time' } as const;
const INSTANT_OR_NULL = { ...INSTANT, nullable: true } as const;

export class AcceptedDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty() orderId: string;
  @ApiProperty({ enum: ORDER_STATUSES }) status: string;
  @ApiProperty({ ...INSTANT_OR_NULL, description: 'when the first call is due; null for a cancel' }) callBy:
    string | null;
}

class WaitingForDto {
  @ApiProperty({ enum: WAITING_CODES }) code: string;
  @ApiProperty() sentence: string;
  @ApiProperty(INSTANT_OR_NULL) until: string | null;
}

class AttemptDto {
  @ApiProperty() number: number;
  @ApiProperty({ format: 'uuid' }) callId: string;
  @ApiProperty({ enum: ATTEMPT_RESULTS, type: String, nullable: true }) result: string | null;
  @ApiProperty(INSTANT) plannedAt: string;
  @ApiProperty(INSTANT_OR_NULL) dialedAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) ringingAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) answeredAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) connectedAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) endedAt: string | null;
}

class DeliveryStatusDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty() destination: string;
  @ApiProperty() event: string;
  @ApiProperty() sequence: number;
  @ApiProperty({ enum: ['pending', 'delivered', 'parked', 'disabled', 'superseded'] }) state: string;
  @ApiProperty() tries: number;
  @ApiProperty(INSTANT_OR_NULL) nextTryAt: string | null;
  @ApiProperty({ type: Number, nullable: true }) lastStatus: number | null;
  @ApiProperty(INSTANT) createdAt: string;
  @ApiProperty(INSTANT_OR_NULL) deliveredAt: string | null;
}

class TimelineEntryDto {
  @ApiProperty(INSTANT) at: string;
  @ApiProperty() kind: string;
  @ApiProperty({ type: 'object', additionalProperties: true }) data: object;
}

export class OrderStatusDto {
  @ApiProperty({ format: 'uuid' }) id: string;
  @ApiProperty() orderId: string;
  @ApiProperty() version: number;
  @ApiProperty({ enum: ORDER_STATUSES }) status: string;
  @ApiProperty({
    enum: OUTCOMES,
    type: String,
    nullable: true,
    description: 'not null exactly when the status is final',
  })
  outcome: string | null;
  @ApiProperty({ type: WaitingForDto }) waitingFor: WaitingForDto;
  @ApiProperty(INSTANT) registeredAt: string;
  @ApiProperty(INSTANT) receivedAt: string;
  @ApiProperty(INSTANT_OR_NULL) callBy: string | null;
  @ApiProperty(INSTANT_OR_NULL) firstCallAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) nextAttemptAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) callbackAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) giveUpAt: string | null;
  @ApiProperty(INSTANT_OR_NULL) finishedAt: string | null;
  @ApiProperty() isWithdrawRequested: boolean;
  @ApiPropertyOptional({
    type: CustomerDto,
    description: 'absent, like all that follows from the create, while only a cancel has come',
  })
  customer?: CustomerDto;
  @ApiPropertyOptional({ type: [ItemDto] }) items?: ItemDto[];
  @ApiPropertyOptional({ type: TotalDto }) total?: TotalDto;
  @ApiPropertyOptional({ type: PaymentDto }) payment?: PaymentDto;
  @ApiPropertyOptional({ type: DeliveryDto }) delivery?: DeliveryDto;
  @ApiPropertyOptional({ type: SourceDto }) source?: SourceDto;
  @ApiPropertyOptional() priority?: number;
  @ApiPropertyOptional(INSTANT_OR_NULL) confirmBy?: string | null;
  @ApiPropertyOptional({ type: String, nullable: true }) comment?: string | null;
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } }) metadata?: object;
  @ApiProperty({ type: [AttemptDto] }) attempts: AttemptDto[];
  @ApiProperty({ type: [DeliveryStatusDto] }) deliveries: DeliveryStatusDto[];
  @ApiProperty({ type: [TimelineEntryDto] }) timeline: TimelineEntryDto[];
}
