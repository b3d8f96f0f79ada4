import type Stripe from 'stripe'
import { prisma } from './prisma'

export async function handleCheckout(session: Stripe.Checkout.Session) {
  const user = await prisma.user.findUnique({ where: { email: session.customer_details!.email! } })
  if (!user) return
  await prisma.user.update({ where: { id: user.id }, data: { stripeCustomerId: session.customer as string } })
}

export async function handleInvoice(invoice: Stripe.Invoice) {
  await prisma.user.update({
    where: { stripeCustomerId: invoice.customer as string },
    data: { credits: { increment: 100 } },
  })
}
