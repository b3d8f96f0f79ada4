import { Injectable } from '@nestjs/common'
import { DataSource } from 'typeorm'

@Injectable()
export class SubscriptionsService {
  constructor(private readonly data: DataSource) {}

  async addCredits(eventId: string, userId: string, n: number) {
    await this.data.transaction(async (m) => {
      const rows = await m.query('INSERT INTO inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING event_id', [eventId])
      if (rows.length === 0) return
      await m.query('UPDATE users SET credits = credits + $2 WHERE id = $1', [userId, n])
    })
  }
}
