package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/tijorihq/tijori/internal/web/pagetest"
)

// shoot writes one picture of each page, language, width and theme.
func shoot(base, dir, only, sizes string, plain bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	browser, err := pagetest.Browser()
	if err != nil {
		return err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(browser))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	err = chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: plain})
		return err
	}))
	if err != nil {
		return err
	}
	for _, locale := range []string{"en", "hi"} {
		for _, s := range pagetest.All(locale) {
			if !strings.Contains(s.Name, only) {
				continue
			}
			for size := range strings.SplitSeq(sizes, ",") {
				width, err := strconv.Atoi(size)
				if err != nil {
					return err
				}
				for _, theme := range []string{"light", "dark"} {
					name := fmt.Sprintf("%s-%s-%d-%s.png", s.Name, locale, width, theme)
					if err := picture(ctx, base+"/show/"+locale+"/"+s.Name, filepath.Join(dir, name), int64(width),
						theme); err != nil {
						return fmt.Errorf("picture %s: %w", name, err)
					}
				}
			}
		}
	}
	return nil
}

func picture(ctx context.Context, url, file string, width int64, theme string) error {
	phone := width < 700
	look := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: phone,
		}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, emulation.SetTouchEmulationEnabled,
			emulation.SetTouchEmulationEnabledParams{Enabled: phone}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		return err
	})
	if err := chromedp.Do(ctx, look, chromedp.Navigate(url)); err != nil {
		return err
	}
	image, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(file, image, 0o644)
}
