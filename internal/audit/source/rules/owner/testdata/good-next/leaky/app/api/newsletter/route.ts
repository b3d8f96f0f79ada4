import { z } from 'zod'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const { email } = z.object({ email: z.string().email() }).parse(await req.json())
  await prisma.subscriber.upsert({ where: { email }, create: { email }, update: {} })
  return Response.json({ ok: true })
}
