import { Body, Controller, Get, Param, Put, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { DialingService, type PacingRecord, type TrunkView } from './dialing.service.js';
import { TrunkDto } from './trunk.dto.js';

const TRUNK_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** Trunks and the explanation of pacing, for administrators. */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin')
@UseGuards(AdminGuard)
export class DialingController {
  constructor(private readonly dialing: DialingService) {}

  @Get('trunks')
  async listTrunks(): Promise<{ trunks: TrunkView[] }> {
    return { trunks: await this.dialing.trunks() };
  }

  @Put('trunks/:trunk')
  async putTrunk(
    @Param('trunk') trunkId: string,
    @Body() body: TrunkDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TrunkView> {
    if (!TRUNK_ID.test(trunkId)) {
      throw new DialerError('trunk.not_found', 'A trunk is named by 1–64 letters, digits, `_`, `.` or `-`.');
    }
    const { trunk, isNew } = await this.dialing.putTrunk({
      trunkId,
      endpoint: body.endpoint,
      callerIds: body.callerIds ?? [],
      maxChannels: body.maxChannels,
      callsPerSecond: body.callsPerSecond,
      prefixes: body.prefixes ?? [],
      priority: body.priority ?? 0,
      isEnabled: body.isEnabled ?? true,
    });
    reply.status(isNew ? 201 : 200);
    return trunk;
  }

  @Get('groups/:group/pacing')
  async pacing(@Param('group') groupId: string): Promise<PacingRecord> {
    return this.dialing.pacing(groupId);
  }
}
