package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/feed"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Schedule returns how often the server's feeds are asked.
func (c *Client) Schedule(ctx context.Context) (workspace.Schedule, error) {
	var got struct {
		workspace.Schedule
		Minutes int64 `json:"minutes"`
	}
	err := c.get(ctx, "/indicators/schedule", nil, &got)
	got.Every = time.Duration(got.Minutes) * time.Minute
	return got.Schedule, err
}

// SetSchedule has the server's feeds asked again and again.
func (c *Client) SetSchedule(ctx context.Context, every time.Duration) error {
	return c.put(ctx, "/indicators/schedule", map[string]any{"minutes": int64(every / time.Minute)})
}

// Feeds lists the feeds that there are, and which are asked.
func (c *Client) Feeds(ctx context.Context) (l feed.Feeds, err error) {
	err = c.get(ctx, "/indicators/feeds", nil, &l)
	return l, err
}

// SwitchFeed switches a feed off, or on again, by its name or address. It reports
// whether there was something to change.
func (c *Client) SwitchFeed(ctx context.Context, name string, on bool) (bool, error) {
	var got struct {
		Changed bool `json:"changed"`
	}
	data, err := json.Marshal(map[string]any{"feed": name, "on": on})
	if err == nil {
		err = c.json(ctx, call{method: http.MethodPut, path: "/indicators/feeds", kind: "application/json", body: bytesOf(data), again: true}, &got)
	}
	return got.Changed, err
}

// put sets something: asked again it is the same.
func (c *Client) put(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.json(ctx, call{method: http.MethodPut, path: path, kind: "application/json", body: bytesOf(data), again: true}, nil)
}

// Updated returns the last job that asked the feeds, and what came.
func (c *Client) Updated(ctx context.Context) (j workspace.Job, u workspace.FeedUpdate, err error) {
	var got struct {
		Job   *workspace.Job         `json:"job"`
		Done  []workspace.FeedResult `json:"done"`
		Hunts int                    `json:"hunts"`
	}
	if err := c.get(ctx, "/indicators/update", nil, &got); err != nil {
		return j, u, err
	}
	if got.Job == nil {
		return j, u, fmt.Errorf("update of feeds: %w", workspace.ErrNotFound)
	}
	return *got.Job, workspace.FeedUpdate{Job: got.Job.ID, Feeds: got.Done, Hunts: got.Hunts}, nil
}

// OrderHunts has a case hunted in after each news of the feeds, or ends that.
func (c *Client) OrderHunts(ctx context.Context, caseID string, on bool) error {
	return c.put(ctx, "/cases/"+part(caseID)+"/hunts", map[string]any{"on": on})
}

// HuntsOrdered lists the cases that are hunted in after each news.
func (c *Client) HuntsOrdered(ctx context.Context) ([]string, error) {
	var got struct {
		Ordered []string `json:"ordered"`
	}
	err := c.get(ctx, "/indicators/hunts", nil, &got)
	return got.Ordered, err
}
