CREATE ROLE authenticated NOLOGIN;--> statement-breakpoint
CREATE ROLE anonymous NOLOGIN;--> statement-breakpoint
CREATE SCHEMA auth;--> statement-breakpoint
CREATE FUNCTION auth.user_id() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('request.jwt.claims', true)::json ->> 'sub' $$;--> statement-breakpoint
GRANT USAGE ON SCHEMA auth TO authenticated, anonymous;--> statement-breakpoint
CREATE TABLE "users" ("id" text PRIMARY KEY DEFAULT (auth.user_id()) NOT NULL, "handle" varchar(40) NOT NULL, "bio" text, "monthly_quota" integer DEFAULT 20 NOT NULL, "quota_used" integer DEFAULT 0 NOT NULL, CONSTRAINT "users_handle_unique" UNIQUE("handle"));--> statement-breakpoint
CREATE TABLE "boards" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, "owner_id" text DEFAULT (auth.user_id()) NOT NULL, "title" text NOT NULL, "is_public" boolean DEFAULT false NOT NULL);--> statement-breakpoint
CREATE TABLE "cards" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, "board_id" uuid NOT NULL, "owner_id" text DEFAULT (auth.user_id()) NOT NULL, "body" text, "position" integer DEFAULT 0 NOT NULL);--> statement-breakpoint
CREATE TABLE "attachments" ("id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL, "card_id" uuid NOT NULL, "url" text NOT NULL);--> statement-breakpoint
ALTER TABLE "boards" ADD CONSTRAINT "boards_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE cascade;--> statement-breakpoint
ALTER TABLE "cards" ADD CONSTRAINT "cards_board_id_boards_id_fk" FOREIGN KEY ("board_id") REFERENCES "public"."boards"("id") ON DELETE cascade;--> statement-breakpoint
ALTER TABLE "cards" ADD CONSTRAINT "cards_owner_id_users_id_fk" FOREIGN KEY ("owner_id") REFERENCES "public"."users"("id") ON DELETE cascade;--> statement-breakpoint
ALTER TABLE "attachments" ADD CONSTRAINT "attachments_card_id_cards_id_fk" FOREIGN KEY ("card_id") REFERENCES "public"."cards"("id") ON DELETE cascade;--> statement-breakpoint
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "boards" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "cards" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "attachments" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "users-select" ON "users" AS PERMISSIVE FOR SELECT TO "authenticated" USING ((select auth.user_id() = "users"."id"));--> statement-breakpoint
CREATE POLICY "users-update" ON "users" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ((select auth.user_id() = "users"."id")) WITH CHECK ((select auth.user_id() = "users"."id"));--> statement-breakpoint
CREATE POLICY "boards-select" ON "boards" AS PERMISSIVE FOR SELECT TO "authenticated","anonymous" USING ("boards"."is_public" or (select auth.user_id() = "boards"."owner_id"));--> statement-breakpoint
CREATE POLICY "boards-insert" ON "boards" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ((select auth.user_id() = "boards"."owner_id"));--> statement-breakpoint
CREATE POLICY "boards-update" ON "boards" AS PERMISSIVE FOR UPDATE TO "authenticated" USING ((select auth.user_id() = "boards"."owner_id")) WITH CHECK (true);--> statement-breakpoint
CREATE POLICY "cards-select" ON "cards" AS PERMISSIVE FOR SELECT TO "authenticated","anonymous" USING (exists (select 1 from "boards" where "boards"."id" = "cards"."board_id"));--> statement-breakpoint
CREATE POLICY "cards-insert" ON "cards" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK ((select auth.user_id() = "cards"."owner_id") and exists (select 1 from "boards" b where b."id" = "board_id"));--> statement-breakpoint
CREATE POLICY "cards-delete" ON "cards" AS PERMISSIVE FOR DELETE TO "authenticated" USING (exists (select 1 from "boards" b where b."id" = "board_id" and b."owner_id" = "owner_id"));--> statement-breakpoint
CREATE POLICY "attachments-select" ON "attachments" AS PERMISSIVE FOR SELECT TO "authenticated" USING ((select auth.user_id() is not null));--> statement-breakpoint
GRANT SELECT ON "boards", "cards" TO anonymous;--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "boards", "cards", "attachments" TO authenticated;--> statement-breakpoint
GRANT SELECT, UPDATE ON "users" TO authenticated;
