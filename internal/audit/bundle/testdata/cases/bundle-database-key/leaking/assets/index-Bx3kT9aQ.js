import{c as e}from"./x.js";const t=e("https://abcd.supabase.co","{{service_role}}");fetch("/api",{headers:JSON.parse('{"db":"postgres:\\/\\/app:{{random}}@db.abcd.supabase.co:5432\\/postgres"}')});
