import { Injectable } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { Repository } from 'typeorm'
import { User } from './user.entity'

@Injectable()
export class SubscriptionsService {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}

  async addCredits(userId: string, n: number) {
    const user = await this.users.findOneBy({ id: userId })
    if (!user) return
    user.credits += n
    await this.users.save(user)
  }
}
