'use server'
import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function myOrders() {
  const session = await auth()
  if (!session) throw new Error('sign in')
  return prisma.order.findMany({ where: { userId: session.user.id } })
}

export async function addNote(text: string) {
  const session = await auth()
  if (!session) throw new Error('sign in')
  await prisma.note.create({ data: { userId: session.user.id, text } })
}
