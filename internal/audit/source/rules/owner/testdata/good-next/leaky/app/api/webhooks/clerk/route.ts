import { Webhook } from 'svix'
import { headers } from 'next/headers'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const secret = process.env.CLERK_WEBHOOK_SECRET
  if (!secret) throw new Error('CLERK_WEBHOOK_SECRET is not set')
  const h = await headers()
  const payload = await req.text()
  let evt
  try {
    evt = new Webhook(secret).verify(payload, { 'svix-id': h.get('svix-id')!, 'svix-timestamp': h.get('svix-timestamp')!, 'svix-signature': h.get('svix-signature')! }) as any
  } catch {
    return new Response('bad', { status: 400 })
  }
  if (evt.type === 'user.created') {
    await prisma.user.upsert({ where: { clerkId: evt.data.id }, create: { clerkId: evt.data.id, email: evt.data.email_addresses[0].email_address }, update: {} })
  }
  if (evt.type === 'user.deleted') await prisma.user.deleteMany({ where: { clerkId: evt.data.id } })
  return new Response('ok')
}
