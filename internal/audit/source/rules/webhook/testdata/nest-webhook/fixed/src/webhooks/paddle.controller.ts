import { BadRequestException, Controller, Headers, Post, RawBodyRequest, Req } from '@nestjs/common'
import type { Request } from 'express'
import { SubscriptionsService } from './subscriptions.service'
import { paddle } from './paddle'

@Controller('webhooks/paddle')
export class PaddleController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post()
  async handle(@Req() req: RawBodyRequest<Request>, @Headers('paddle-signature') signature: string) {
    const secret = process.env.PADDLE_SECRET
    if (!secret) throw new BadRequestException()
    const event = await paddle.webhooks.unmarshal(req.rawBody!.toString(), secret, signature)
    if (!event) throw new BadRequestException()
    if (event.eventType === 'transaction.completed') {
      await this.subscriptions.addCredits(event.eventId, event.data.customData.userId, 100)
    }
    return { ok: true }
  }
}
