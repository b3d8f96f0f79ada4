import Stripe from 'stripe'
import { auth } from '@/auth'

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)
const PACKS: Record<string, { cents: number; name: string }> = { small: { cents: 500, name: '100 credits' }, big: { cents: 2000, name: '500 credits' } }

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { pack } = await req.json()
  const p = PACKS[pack]
  if (!p) return new Response(null, { status: 400 })
  const checkout = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer_email: session.user.email!,
    line_items: [{ price_data: { currency: 'usd', unit_amount: p.cents, product_data: { name: p.name } }, quantity: 1 }],
    metadata: { userId: session.user.id, pack },
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
