import type Stripe from 'stripe'
import { prisma } from './prisma'

export async function handleInvoice(id: string, invoice: Stripe.Invoice) {
  if (!['subscription_create', 'subscription_cycle'].includes(invoice.billing_reason ?? '')) return
  await prisma.$transaction(async (tx) => {
    await tx.processedEvent.create({ data: { id } })
    await tx.user.update({
      where: { stripeCustomerId: invoice.customer as string },
      data: { credits: { increment: 100 } },
    })
  })
}
