import { z } from 'zod'
import { router, protectedProcedure } from '../trpc'

export const docs = router({
  byId: protectedProcedure.input(z.object({ id: z.string() })).query(async ({ ctx, input }) => {
    return ctx.prisma.document.findUnique({ where: { id: input.id } })
  }),
  mine: protectedProcedure.query(({ ctx }) => ctx.prisma.document.findMany({ where: { ownerId: ctx.session.user.id } })),
  update: protectedProcedure.input(z.object({ id: z.string(), title: z.string() })).mutation(async ({ ctx, input }) => {
    return ctx.prisma.document.update({ where: { id: input.id }, data: { title: input.title } })
  }),
})
