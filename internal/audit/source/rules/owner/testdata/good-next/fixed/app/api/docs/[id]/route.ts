import { NextResponse } from 'next/server'
import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'
import { assertCanRead, getMembership } from '@/lib/access'

export async function GET(req: Request, { params }: { params: Promise<{ id: string }> }) {
  const session = await auth()
  if (!session?.user) return NextResponse.json({ error: 'unauthorised' }, { status: 401 })
  const { id } = await params
  const doc = await prisma.document.findUnique({ where: { id } })
  if (!doc) return NextResponse.json({ error: 'not found' }, { status: 404 })
  await assertCanRead(session.user.id, doc)
  return NextResponse.json(doc)
}

export async function PATCH(req: Request, { params }: { params: Promise<{ id: string }> }) {
  const session = await auth()
  if (!session?.user) return NextResponse.json({ error: 'unauthorised' }, { status: 401 })
  const { id } = await params
  const body = await req.json()
  const existing = await prisma.document.findFirst({ where: { id, workspace: { members: { some: { userId: session.user.id } } } } })
  if (!existing) return NextResponse.json({ error: 'not found' }, { status: 404 })
  const updated = await prisma.document.update({ where: { id: existing.id }, data: { title: body.title } })
  return NextResponse.json(updated)
}
