import { prisma } from './prisma'

export const orders = {
  async markPaid(event: string, order: string) {
    await prisma.$transaction(async (tx) => {
      await tx.processedEvent.create({ data: { id: event } })
      await tx.order.update({ where: { id: order }, data: { paidAt: new Date() } })
    })
  },
}
