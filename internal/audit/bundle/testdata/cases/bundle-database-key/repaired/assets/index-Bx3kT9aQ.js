import{c as e}from"./x.js";const t=e("https://abcd.supabase.co","{{anon}}");const u=e("https://abcd.supabase.co","sb_publishable_{{random}}");
