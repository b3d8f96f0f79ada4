import { TRPCError } from '@trpc/server'
import { z } from 'zod'
import { router, protectedProcedure } from '../trpc'

export const docs = router({
  byId: protectedProcedure.input(z.object({ id: z.string() })).query(async ({ ctx, input }) => {
    const doc = await ctx.prisma.document.findUnique({ where: { id: input.id } })
    if (doc?.ownerId !== ctx.session.user.id) throw new TRPCError({ code: 'NOT_FOUND' })
    return doc
  }),
  mine: protectedProcedure.query(({ ctx }) => ctx.prisma.document.findMany({ where: { ownerId: ctx.session.user.id } })),
  update: protectedProcedure.input(z.object({ id: z.string(), title: z.string() })).mutation(async ({ ctx, input }) => {
    return ctx.prisma.document.updateMany({ where: { id: input.id, ownerId: ctx.session.user.id }, data: { title: input.title } })
  }),
})
