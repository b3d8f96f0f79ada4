import { Body, Controller, Headers, Post } from '@nestjs/common'
import { SubscriptionsService } from './subscriptions.service'

@Controller('webhooks/paddle')
export class PaddleController {
  constructor(private readonly subscriptions: SubscriptionsService) {}

  @Post()
  async handle(@Body() body: any, @Headers('paddle-signature') signature: string) {
    if (body.event_type === 'transaction.completed') {
      await this.subscriptions.addCredits(body.data.custom_data.userId, 100)
    }
    return { ok: true }
  }
}
