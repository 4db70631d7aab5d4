import { Body, Controller, Get, Param, Put, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { AgentDto, GroupDto } from './agent.dto.js';
import type { AgentRecord, Group } from './agent.store.js';
import { AgentDirectory } from './agent-directory.js';

/** Agents and their groups, for the administrator (contract, section 4). */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin')
@UseGuards(AdminGuard)
export class AgentsController {
  constructor(private readonly directory: AgentDirectory) {}

  @Get('groups')
  async groups() {
    return { groups: (await this.directory.groups()).map(shownGroup) };
  }

  @Put('groups/:group')
  @ApiCreatedResponse({ description: 'created' })
  @ApiOkResponse({ description: 'replaced' })
  async putGroup(
    @Param('group') groupId: string,
    @Body() body: GroupDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { group, isNew } = await this.directory.putGroup(groupId, body);
    reply.status(isNew ? 201 : 200);
    return shownGroup(group);
  }

  @Get('agents')
  async agents() {
    return { agents: (await this.directory.list()).map(shownAgent) };
  }

  @Get('agents/:login')
  async agent(@Param('login') login: string) {
    return shownAgent(await this.directory.get(login));
  }

  @Put('agents/:login')
  @ApiCreatedResponse({ description: 'created' })
  @ApiOkResponse({ description: 'replaced; a switch-off or a new password ends the session' })
  async putAgent(
    @Param('login') login: string,
    @Body() body: AgentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { agent, isNew } = await this.directory.putAgent(login, body);
    reply.status(isNew ? 201 : 200);
    return shownAgent(agent);
  }
}

function shownGroup(group: Group) {
  return { group: group.groupId, name: group.name, ...group.settings };
}

function shownAgent(agent: AgentRecord) {
  const { agentId, login, name, role, groupIds, skills, endpoint, connection, isEnabled } = agent;
  return { agentId, login, name, role, groups: groupIds, skills, endpoint, connection, isEnabled };
}
