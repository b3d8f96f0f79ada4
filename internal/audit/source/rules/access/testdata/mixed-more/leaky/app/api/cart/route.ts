import { auth } from '@/auth'
import { stripe } from '@/lib/stripe'

export async function POST(req: Request) {
  const session = await auth()
  if (!session) return new Response(null, { status: 401 })
  const { items } = await req.json()
  const checkout = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: items.map((i: any) => ({ price_data: { currency: 'usd', unit_amount: Math.round(i.price * 100), product_data: { name: i.name } }, quantity: i.quantity })),
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
